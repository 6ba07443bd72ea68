// Keys change while the group runs: two accepted, one sent, the old one dropped when nobody needs it. lease.md, Groups.
import { randomBytes } from 'node:crypto';
import type { LeaseNode } from '../../../lease/lease-cluster.ts';
import { until } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type PlayedCase, runCase } from '../case.ts';

const keyOf = (id: number) => ({ id, secret: randomBytes(32).toString('base64') });
type Key = ReturnType<typeof keyOf>;

export function runKeys(options: CaseOptions): Promise<PlayedCase> {
  const [oldKey, newKey] = [keyOf(1), keyOf(2)];
  const both = [newKey, oldKey];
  const start = { advertMs: options.advertMs, voters: 3, change: () => ({ keys: [oldKey] }) };
  return runCase('keys', options, start, async (group, expect) => {
    const holder = await group.holder();
    const [quick, late] = group.nodes.filter((node) => node !== holder) as [LeaseNode, LeaseNode];
    const reload = (node: LeaseNode, keys: readonly Key[]) => {
      node.writeConfig({ keys });
      return group.failover(node, 'keys', 'reload');
    };
    for (const node of [holder, quick]) expect((await reload(node, both)).isDone, 'a second key was not taken');

    const early = await reload(holder, [newKey]);
    options.say(`the old key dropped too early: ${early.text}`);
    expect(!early.isDone, 'the old key went while a voter knew no other');
    expect(early.text.includes(`mx${late.number} has not said to accept key 2`), `unclear: ${early.text}`);
    const { why } = await holder.status();
    expect(why.join(' ').includes('An older key than 2'), `status does not say who is behind: ${why.join(' ')}`);

    await restart(late);
    await until('the voter that came back with the old key is heard', () => hears(holder, late));
    await reload(holder, both);
    await reload(late, both);
    await until('all report both keys', async () => {
      const found = await Promise.all(group.nodes.map((node) => keysSeen(node)));
      return found.flat().every((ids) => ids === '2,1') ? true : undefined;
    });
    for (const node of group.nodes) {
      const { isDone, text } = await reload(node, [newKey]);
      expect(isDone, `the old key was not dropped: ${text}`);
    }
    await restart(quick);
    await until('the voter that came back with the new key is heard', () => hears(holder, quick));
    await until('only the new key is left', async () =>
      (await keysSeen(holder)).every((ids) => ids === '2') ? true : undefined,
    );
    return {
      sentence:
        'The key of the group was replaced while it ran, with one voter restarted on the old key and one on the new; dropping the old one was refused while a voter needed it.',
      ...{ movesMax: 0, figures: { refused: early.isDone ? 0 : 1, restarts: 2 } },
    };
  });
}

async function restart(node: LeaseNode): Promise<void> {
  node.kill('SIGKILL');
  await node.ended();
  await node.start();
}

const hears = async (node: LeaseNode, other: LeaseNode): Promise<true | undefined> => {
  const { peers, terms } = await node.status();
  const peer = peers.find(({ number }) => number === other.number);
  return peer?.hearsUs && (peer.heardMsAgo ?? Number.POSITIVE_INFINITY) < 2 * terms.advertMs ? true : undefined;
};

/** The keys that each voter accepts, as a node has heard. */
const keysSeen = async (node: LeaseNode): Promise<string[]> =>
  (await node.status()).peers.map(({ keyIds }) => keyIds.join(','));

// Three lease processes on loopback, in shadow: they elect, replace, hand over, come back, and explain.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createCluster, holdersOf, type LeaseCluster, theHolder, until } from './lease-cluster.ts';

let cluster: LeaseCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const advertMs = 200;
const leaseMs = 2.5 * advertMs;
/** Skew of the lowest priority, a poll, and what a busy machine takes. */
const slackMs = 2 * advertMs + 300;

async function running(voters = 3, options: Partial<Parameters<typeof createCluster>[1]> = {}): Promise<LeaseCluster> {
  cluster = await createCluster(voters, { advertMs, ...options });
  await Promise.all(cluster.nodes.map((node) => node.start()));
  return cluster;
}

test('one of three is elected, and each process knows it and says why', async () => {
  const { nodes } = await running();
  const holder = await theHolder(nodes);
  await until('all know the owner', async () => {
    const statuses = await Promise.all(nodes.map((node) => node.status()));
    return statuses.every((status) => status.owner === holder.number && status.ownerNode === `mx${holder.number}`)
      ? true
      : undefined;
  });
  const status = await holder.status();
  expect(status).toMatchObject({ mode: 'shadow', vote: 'voting', guard: { kind: 'shadow' }, alarms: [] });
  expect(status.why[0]).toBe(`This member owns the addresses, under epoch ${status.epoch}.`);
  expect(status.epoch).toBe(status.wonEpoch);
  expect(status.peers.map((peer) => [peer.number, peer.hearsUs, peer.isEligible])).toEqual([
    ...[
      [1, true, true],
      [2, true, true],
      [3, true, true],
    ],
  ]);
  const { entries } = (await holder.ask('/mail/history')) as { entries: { sentence: string; role: string }[] };
  expect(entries.map((entry) => entry.role)).toContain('holding');
  expect(await holder.ask('/mail/history?after=soon')).toMatchObject({ code: 'bad-request' });
  const { reasons } = (await holder.ask('/mail/explain')) as { reasons: { count: number }[] };
  expect(reasons.some((reason) => reason.count > 1)).toBe(true);
});

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'a holder that is gone (%s) is replaced within T and skew',
  async (signal) => {
    const { nodes } = await running();
    const first = await theHolder(nodes);
    const rest = nodes.filter((node) => node !== first);
    const { epoch } = await first.status();
    first.kill(signal);
    const gone = performance.now();
    const second = await theHolder(rest);
    expect(performance.now() - gone).toBeLessThan(leaseMs + slackMs);
    expect((await second.status()).epoch).toBeGreaterThan(epoch);
    if (signal === 'SIGSTOP') {
      first.kill('SIGCONT');
      await until('the one that was stopped is out', async () =>
        (await first.status()).role === 'out' ? true : undefined,
      );
      expect(await holdersOf(nodes)).toEqual([second]);
    }
  },
);

test('SIGTERM hands over to an heir at once, and the process ends well', async () => {
  const { nodes } = await running();
  const first = await theHolder(nodes);
  await until('both others are heard and fit', async () =>
    (await first.status()).peers.every((peer) => peer.isEligible) ? true : undefined,
  );
  first.kill('SIGTERM');
  const asked = performance.now();
  const second = await theHolder(nodes.filter((node) => node !== first));
  expect(performance.now() - asked, 'sooner than a lease could end').toBeLessThan(leaseMs);
  expect(second.number, 'the best that is left').toBe(first.number === 1 ? 2 : 1);
  expect(await first.ended()).toBe(0);
  const { entries } = (await second.ask('/mail/history')) as { entries: { sentence: string }[] };
  expect(entries.map((entry) => entry.sentence)).not.toContain(
    'The deadline has passed: it is out, and this epoch is never renewed again.',
  );
});

test('all at once killed and started again: one owner within the cold start that was told', async () => {
  const { nodes } = await running();
  const before = await (await theHolder(nodes)).status();
  for (const node of nodes) node.kill('SIGKILL');
  await Promise.all(nodes.map((node) => node.ended()));
  await Promise.all(nodes.map((node) => node.start()));
  const holder = await theHolder(nodes, before.coldStartMs + 2000);
  expect((await holder.status()).epoch).toBeGreaterThanOrEqual(before.epoch);
  expect((await holder.status()).vote).toBe('voting');
});

test('a process that comes back within its lease goes on under the same epoch', async () => {
  const { nodes } = await running(3, { advertMs: 2000 });
  const first = await theHolder(nodes);
  const { epoch } = await first.status();
  first.kill('SIGKILL');
  await first.ended();
  await first.start();
  await until('it holds', async () => ((await first.status()).role === 'holding' ? true : undefined));
  expect((await first.status()).epoch).toBe(epoch);
  expect((await (await theHolder(nodes)).status()).self).toBe(first.number);
});

test('a torn state file is kept aside; the voter is silent, learns from the others, and votes again', async () => {
  const { nodes } = await running();
  await theHolder(nodes);
  const voter = nodes[2];
  if (voter === undefined) throw new Error('three nodes');
  voter.kill('SIGKILL');
  await voter.ended();
  const file = join(voter.folder, 'state', 'mail.voter');
  const torn = readFileSync(file, 'utf8').slice(0, 100);
  writeFileSync(file, torn);
  // What /run keeps makes up for the disk as long as the machine stays up, so this is a boot.
  writeFileSync(join(voter.folder, 'run', 'mail.run'), '');
  await voter.start();
  const status = await voter.status();
  expect(status.vote).toBe('mute');
  expect(status.alarms.join(' ')).toContain('torn');
  expect(readFileSync(`${file}.torn`, 'utf8')).toBe(torn);
  await until('it votes', async () => ((await voter.status()).vote === 'voting' ? true : undefined));
});

test('state of another voter is refused with what would be right', async () => {
  const { nodes } = await running();
  await theHolder(nodes);
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('three nodes');
  second.kill('SIGTERM');
  await second.ended();
  writeFileSync(join(second.folder, 'state', 'mail.voter'), readFileSync(join(first.folder, 'state', 'mail.voter')));
  await expect(second.start()).rejects.toThrow(/is the state of voter 1 .*not of voter 2/);
});

test('a longer A than the durable T allows for is refused with what to do first', async () => {
  cluster = await createCluster(1, { advertMs });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('one node');
  await node.start();
  node.kill('SIGTERM');
  await node.ended();
  node.writeConfig({ advertMs: 2 * advertMs });
  await expect(node.start()).rejects.toThrow(/Retime first, under A and F as they were/);
  node.writeConfig({ advertMs: advertMs / 2 });
  await node.start();
});

test('voters: one more and one less, told by the holder; the term grows in two steps', async () => {
  const { nodes } = await running(4, {
    group: {},
  });
  const holder = await theHolder(nodes);
  const lost = nodes.findLast((node) => node !== holder);
  if (lost === undefined) throw new Error('four nodes');
  await until('removed', async () => {
    await holder.order({ kind: 'removeVoter', voter: lost.number });
    return (await holder.status()).set.voters.length === 3 ? true : undefined;
  });
  await until('all voters know', async () => {
    const statuses = await Promise.all(nodes.map((node) => node.status()));
    return statuses.filter((status) => status.set.voters.length === 3).length >= 3 ? true : undefined;
  });
  expect((await holder.order({ kind: 'retime', leaseMs: 100 })).sentences.join(' ')).toMatch(/^Refused/);
  await until('T has grown', async () => {
    await holder.order({ kind: 'retime', leaseMs: leaseMs + 100 });
    const { set } = await holder.status();
    return set.leaseMs === leaseMs + 100 && set.leaseMsMax === leaseMs + 100 ? true : undefined;
  });
  expect(await theHolder(nodes)).toBe(holder);
});

test('an observe-only member votes and explains, and never holds', async () => {
  cluster = await createCluster(3, { advertMs, group: { shadow: false }, top: { actions: 'observe-only' } });
  const { nodes } = cluster;
  await Promise.all(nodes.map((node) => node.start()));
  const [first] = nodes;
  if (first === undefined) throw new Error('three nodes');
  const status = await until('it votes', async () => {
    const found = await first.status();
    return found.vote === 'voting' ? found : undefined;
  });
  expect(status).toMatchObject({ mode: 'observe-only', isHealthy: false, owner: null });
  expect(status.why.join(' ')).toContain('Actions are not enabled here');
});

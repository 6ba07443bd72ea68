import { expect, test } from 'vitest';
import type { LeaseGroupStatus } from '../protocol/lease-status.ts';
import { emptyFailover, type Failover, foldFailover } from './failover.ts';
import { readFailover } from './failover-view.ts';

const bounds = { groupsMax: 3, wordsPerGroupMax: 4 };
const policy = { staleAfterMs: 10_000 };
const id = '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10';
const nodes = ['mx1', 'mx2', 'mx3'];

/** The word of `node`; mx3 is a witness. `holds`: under this epoch. */
function statusOf(
  node: string,
  change: Partial<LeaseGroupStatus> & { readonly holds?: number } = {},
): LeaseGroupStatus {
  const { holds = 0, ...rest } = change;
  const self = nodes.indexOf(node) + 1;
  return {
    ...{ group: 'mail', incarnation: id, mode: self === 3 ? 'witness' : 'active', self },
    ...{ role: holds > 0 ? 'holding' : 'out', vote: 'voting', owner: holds > 0 ? self : null },
    ...{ ownerNode: holds > 0 ? node : null, epoch: holds, wonEpoch: holds, leaseLeftMs: holds > 0 ? 150 : null },
    ...{ priority: 100, isHealthy: self !== 3, isQuarantined: false, position: null },
    set: { version: 1, voters: [1, 2, 3], leaseMs: 250, leaseMsMax: 250 },
    terms: { advertMs: 100, freezeMs: 0, rttMs: 2, holdMs: 200 },
    ...{ coldStartMs: 400, healMs: 900 },
    peers: nodes.map((peer, at) => ({
      ...{ number: at + 1, node: peer, endpoint: `192.0.2.${at + 1} 7401`, isSelf: peer === node, isVoter: true },
      ...{ isWitness: at === 2, heardMsAgo: 10, hearsUs: true, priority: 100, isEligible: true, rttMs: 1, keyIds: [1] },
    })),
    addresses: ['192.0.2.100/32 eth0'],
    guard: { kind: 'kernel', state: 'idle', openMs: null, refused: 0, lost: 0, faults: [] },
    services: [],
    datagrams: { taken: 1, forged: 0, repeated: 0, malformed: 0, challenged: 0, otherKey: 0, otherVersion: 0 },
    ...{ damping: { moves: 0, budget: 4, windowMs: 3_600_000 }, movesSeen: 0, historyNumber: 0, alarms: [] },
    why: [`${node} says why.`],
    ...rest,
  };
}
const named = (owner: number): Partial<LeaseGroupStatus> => ({
  ...{ owner, ownerNode: nodes[owner - 1] ?? null, wonEpoch: 7 },
});
function hear(failover: Failover, at: number, node: string, ...groups: readonly LeaseGroupStatus[]): Failover {
  const status = { node, now: at, startedAt: 0, version: '0.1.0', groups: [...groups] };
  return foldFailover(failover, { kind: 'status', at, node, status }, bounds);
}
const hearAll = (words: readonly (readonly [at: number, node: string, status: LeaseGroupStatus])[]): Failover =>
  words.reduce((failover, [at, node, status]) => hear(failover, at, node, status), emptyFailover);
const view = (failover: Failover, now: number) => {
  const [group] = readFailover(failover, now, policy);
  if (group === undefined) throw new Error('no group');
  return group;
};
const calm = () =>
  hearAll([
    [0, 'mx1', statusOf('mx1', { holds: 7 })],
    [0, 'mx2', statusOf('mx2', named(1))],
    [0, 'mx3', statusOf('mx3', named(1))],
  ]);

test('all name one owner, and another could take over', () => {
  expect(view(calm(), 100)).toMatchObject({
    sentence: { code: 'owned', severity: 'ok', args: { node: 'mx1' } },
    owner: { node: 'mx1', number: 1, epoch: 7 },
    leaseLeftMs: 150,
    votes: { voters: 3, heard: 3, quorum: 2, agree: 3 },
    whyNode: 'mx1',
  });
});

test.each<[string, Failover, number, object]>([
  [
    'no other member is fit',
    hear(calm(), 1, 'mx2', statusOf('mx2', { ...named(1), isHealthy: false })),
    2,
    { code: 'owned-without-spare', severity: 'degraded' },
  ],
  [
    'a voter is lost, and one more loss leaves no majority',
    hear(hear(calm(), 20_000, 'mx1', statusOf('mx1', { holds: 7 })), 20_000, 'mx2', statusOf('mx2', named(1))),
    20_001,
    { code: 'owned-without-spare', args: { heard: 2 } },
  ],
  [
    'the others name an owner that is not heard itself',
    hear(hear(calm(), 20_000, 'mx2', statusOf('mx2', named(1))), 20_000, 'mx3', statusOf('mx3', named(1))),
    20_001,
    { code: 'owned-unheard', args: { node: 'mx1' } },
  ],
  ['in shadow', hear(calm(), 1, 'mx1', statusOf('mx1', { holds: 7, mode: 'shadow' })), 2, { code: 'shadow' }],
  [
    'without a majority',
    hear(calm(), 20_000, 'mx1', statusOf('mx1')),
    20_001,
    { code: 'no-majority', severity: 'down', args: { heard: 1, quorum: 2 } },
  ],
  [
    'kept alone',
    hearAll([[0, 'mx1', statusOf('mx1', { role: 'unconfirmed', owner: 1, ownerNode: 'mx1', wonEpoch: 7 })]]),
    1,
    { code: 'unconfirmed', severity: 'degraded' },
  ],
  [
    'between two owners',
    hearAll(nodes.map((node) => [0, node, statusOf(node)] as const)),
    1,
    { code: 'electing', severity: 'degraded' },
  ],
  [
    'with nobody fit',
    hearAll(nodes.map((node) => [0, node, statusOf(node, { isHealthy: false })] as const)),
    1,
    { code: 'nobody-fit', severity: 'down' },
  ],
  ['unheard', calm(), 60_000, { code: 'unheard', severity: 'unknown' }],
])('%s', (_what, failover, now, sentence) => {
  expect(view(failover, now).sentence).toMatchObject(sentence);
});

test('who was overtaken may have spoken before; who says so well after is a second owner', () => {
  const moved = hear(calm(), 1000, 'mx2', statusOf('mx2', { holds: 9 }));
  const first = { code: 'owned-without-spare', args: { node: 'mx2', agree: 1 } };
  expect(view(moved, 1100)).toMatchObject({ sentence: first, owner: { epoch: 9 } });
  const late = hear(moved, 1100, 'mx1', statusOf('mx1', { holds: 7 }));
  expect(view(late, 1200).sentence.code).toBe('owned-without-spare');
  const both = hear(late, 4000, 'mx1', statusOf('mx1', { holds: 7 }));
  expect(view(both, 4100).sentence).toMatchObject({ code: 'disputed', args: { node: 'mx2', other: 'mx1' } });
});

test('who keeps the addresses without a majority while another holds is a second owner', () => {
  const alone = statusOf('mx1', { role: 'unconfirmed', owner: 1, ownerNode: 'mx1', wonEpoch: 7 });
  const moved = hear(hear(calm(), 1000, 'mx2', statusOf('mx2', { holds: 9 })), 1000, 'mx3', {
    ...statusOf('mx3', named(2)),
    wonEpoch: 9,
  });
  expect(view(hear(moved, 1100, 'mx1', alone), 1200).sentence.code).not.toBe('disputed');
  expect(view(hear(moved, 9000, 'mx1', alone), 9100).sentence).toMatchObject({
    ...{ code: 'disputed', severity: 'down', args: { node: 'mx2', other: 'mx1' } },
  });
});

test('a second owner is told of although the newer one is known from others only', () => {
  const heir = { ...named(2), wonEpoch: 9 };
  const kept = hear(hear(calm(), 19_000, 'mx1', statusOf('mx1', { holds: 7 })), 19_500, 'mx3', statusOf('mx3', heir));
  expect(view(kept, 19_600).sentence).toMatchObject({ code: 'owned-unheard', args: { node: 'mx2' } });
  const both = hear(kept, 24_000, 'mx1', statusOf('mx1', { holds: 7 }));
  expect(view(both, 24_100).sentence).toMatchObject({ code: 'disputed', args: { node: 'mx2', other: 'mx1' } });
});

/** As `status`, and these voters are not heard by it. */
const deafTo = (status: LeaseGroupStatus, ...numbers: readonly number[]): LeaseGroupStatus => ({
  ...status,
  peers: status.peers.map((peer) =>
    numbers.includes(peer.number) ? { ...peer, heardMsAgo: 60_000, hearsUs: false } : peer,
  ),
});

test('voters that control hears and that do not hear one another will settle nothing', () => {
  const cut = hearAll(
    nodes.map((node, at) => [0, node, deafTo(statusOf(node), ...[1, 2, 3].filter((n) => n !== at + 1))]),
  );
  expect(view(cut, 1).sentence).toMatchObject({
    ...{ code: 'cut-off', severity: 'down', args: { heard: 3, reach: 1, quorum: 2 } },
  });
  const oneWay = hear(cut, 1, 'mx1', statusOf('mx1'));
  expect(view(oneWay, 2).sentence.code).toBe('cut-off');
  const two = hear(oneWay, 2, 'mx2', deafTo(statusOf('mx2'), 3));
  expect(view(two, 3).sentence.code).toBe('electing');
});

test('an election that takes longer than any healing is down, counted from the last word of an owner', () => {
  const gone = nodes.reduce((failover, node) => hear(failover, 5000, node, statusOf(node)), calm());
  expect(view(gone, 5000 + 900).sentence).toMatchObject({ code: 'electing', severity: 'degraded' });
  const later = nodes.reduce((failover, node) => hear(failover, 9000, node, statusOf(node)), gone);
  expect(view(later, 9100).sentence).toMatchObject({ code: 'unsettled', severity: 'down' });
});

test('who does not follow the owner is no spare, although control hears it', () => {
  const cut = hear(calm(), 1, 'mx3', deafTo(statusOf('mx3'), 1, 2));
  expect(view(cut, 2)).toMatchObject({
    sentence: { code: 'owned-without-spare', severity: 'degraded', args: { agree: 2, heard: 3 } },
  });
  const heirless = hear(calm(), 1, 'mx2', deafTo(statusOf('mx2'), 1, 3));
  expect(view(heirless, 2).sentence.code).toBe('owned-without-spare');
});

test('why a member may not hold is said for each reason', () => {
  const service = { name: 'postfix', isUp: false, why: 'postfix is gone.', sinceMs: 5 };
  const guard = { kind: 'kernel', state: 'idle', openMs: null, refused: 0, lost: 0, faults: ['nft is missing.'] };
  const change: Partial<LeaseGroupStatus> = {
    ...{ mode: 'observe-only', isHealthy: false, isQuarantined: true, services: [service], guard, vote: 'mute' },
  };
  const { voters } = view(hear(calm(), 1, 'mx2', statusOf('mx2', change)), 2);
  expect(voters[1]?.unfit).toEqual([
    { code: 'observe-only', detail: '' },
    { code: 'quarantined', detail: '' },
    { code: 'service', detail: 'postfix is gone.' },
    { code: 'guard', detail: 'nft is missing.' },
    { code: 'not-voting', detail: 'mute' },
  ]);
  expect(voters[2]?.unfit).toEqual([{ code: 'witness', detail: '' }]);
  expect(view(hear(calm(), 1, 'mx2', statusOf('mx2', { isHealthy: false })), 2).voters[1]?.unfit).toEqual([
    { code: 'agent', detail: '' },
  ]);
});

test('a lease process that does not answer keeps its last word, with why', () => {
  const silent = foldFailover(calm(), { kind: 'silent', at: 5, node: 'mx2', why: 'No lease process answers.' }, bounds);
  expect(view(silent, 6).voters[1]?.word).toMatchObject({ isStale: true, silence: 'No lease process answers.' });
});

test('nobody speaks for another, and a group that a node has no more is not said by it', () => {
  const stranger = hear(emptyFailover, 0, 'evil', statusOf('mx1', { holds: 99 }));
  expect(readFailover(stranger, 1, policy)).toEqual([]);
  const left = hear(calm(), 1, 'mx2');
  expect(view(left, 2).voters[1]?.word).toBeNull();
  const gone = nodes.reduce((failover, node) => foldFailover(failover, { kind: 'forget', node }, bounds), calm());
  expect(gone.groups.size).toBe(0);
});

test('a node that most of those who speak of a group do not list is not believed about it', () => {
  const own = statusOf('mx1', { holds: 99 });
  const stranger = {
    ...own,
    peers: own.peers.map((peer) => (peer.isSelf ? { ...peer, node: 'evil' } : peer)),
  };
  const told = hear(calm(), 1, 'evil', stranger);
  expect(view(told, 2)).toMatchObject({ sentence: { code: 'owned' }, owner: { node: 'mx1', epoch: 7 } });
  expect([...(told.groups.get(id)?.words.keys() ?? [])]).toEqual(nodes);
});

test('a node that is not in its own group any more leaves no group without a word', () => {
  const own = statusOf('mx1', { holds: 7 });
  const alone = hear(emptyFailover, 0, 'mx1', own);
  const renamed = hear(alone, 1, 'mx1', { ...own, peers: own.peers.filter(({ isSelf }) => !isSelf) });
  expect(readFailover(renamed, 2, policy)).toEqual([]);
});

test('groups and words are bounded: whoever was not heard for longest is forgotten', () => {
  let failover = emptyFailover;
  for (let at = 0; at < bounds.groupsMax + 2; at++)
    failover = hear(failover, at, `n${at}`, {
      ...statusOf('mx1'),
      incarnation: `4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f2${at}`,
      peers: statusOf('mx1').peers.map((peer) => (peer.isSelf ? { ...peer, node: `n${at}` } : peer)),
    });
  expect(failover.groups.size).toBe(bounds.groupsMax);
  expect([...failover.groups.values()].flatMap(({ words }) => [...words.keys()])).toEqual(['n2', 'n3', 'n4']);
  let crowd = emptyFailover;
  for (let at = 0; at < bounds.wordsPerGroupMax + 3; at++) {
    const own = statusOf('mx1');
    const [peer] = own.peers;
    if (peer === undefined) throw new Error('no peer');
    const all = Array.from({ length: bounds.wordsPerGroupMax + 3 }, (_, number) => `n${number}`);
    const peers = all.map((node, number) => ({ ...peer, number: number + 1, node, isSelf: number === at }));
    crowd = hear(crowd, at, `n${at}`, { ...own, self: at + 1, peers });
  }
  expect([...(crowd.groups.get(id)?.words.keys() ?? [])]).toEqual(['n3', 'n4', 'n5', 'n6']);
});

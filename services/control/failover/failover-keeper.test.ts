import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import type { HeardWord } from '../../fleet/failover.ts';
import type { FailoverGroup, LeaseHistoryMessage } from '../../protocol/failover.ts';
import type { LeaseGroupStatus, LeaseStatus } from '../../protocol/lease-status.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { createFailoverEvents } from './failover-events.ts';
import { createFailoverKeeper } from './failover-keeper.ts';
import { createOrderDesk } from './order-desk.ts';
import { createQuestionDesk } from './question-desk.ts';

const group = (name: string, id: string, change: Partial<LeaseGroupStatus> = {}): LeaseGroupStatus => ({
  ...{ group: name, incarnation: id, mode: 'active', self: 1, role: 'holding', vote: 'voting', owner: 1 },
  ...{ ownerNode: 'mx1', epoch: 256_007, wonEpoch: 256_007, leaseLeftMs: 5, priority: 1, isHealthy: true },
  ...{ isQuarantined: false, position: null, coldStartMs: 1, healMs: 1, addresses: [] },
  ...{ set: { version: 1, voters: [1], leaseMs: 250, leaseMsMax: 250 }, services: [], alarms: [], why: [] },
  ...{ terms: { advertMs: 100, freezeMs: 0, rttMs: 1, holdMs: 200 }, historyNumber: 0, movesSeen: 0 },
  peers: [
    {
      ...{ number: 1, node: 'mx1', endpoint: '192.0.2.1 7401', isSelf: true, isWitness: false, isVoter: true },
      ...{ heardMsAgo: 0, hearsUs: true, priority: 1, isEligible: true, rttMs: null, keyIds: [1] },
    },
  ],
  guard: { kind: 'kernel', state: 'idle', openMs: 100, refused: 0, lost: 0, faults: [] },
  datagrams: { taken: 1, forged: 0, repeated: 0, malformed: 0, challenged: 0, otherKey: 0, otherVersion: 0 },
  damping: { moves: 0, budget: 4, windowMs: 1 },
  ...change,
});
const [a, b] = ['4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', '5b7e2a1f-8c2d-4e67-8e4c-1eac4d2d3021'];
const statusOf = (...groups: LeaseGroupStatus[]): LeaseStatus => ({
  ...{ node: 'mx1', now: 1, startedAt: 0, version: '0.1.0', groups },
});

async function startKeeper(words: readonly HeardWord[] = []) {
  const registry = new Registry();
  const events = createFailoverEvents({ log: createLog({ process: 'test', level: 'silent' }), registry });
  const state = {
    readWords: async () => words,
    keepWords: vi.fn(async (_node: string, _words: readonly HeardWord[]) => {}),
    addEntries: vi.fn(async (_message: LeaseHistoryMessage) => {}),
  };
  const onChange = vi.fn((_groups: readonly FailoverGroup[]) => {});
  const keeper = await createFailoverKeeper({ staleAfterMs: 10_000 }, { clock: systemClock, state, events, onChange });
  const hear = (...groups: LeaseGroupStatus[]) =>
    keeper.heardStatus({ node: 'mx1', status: statusOf(...groups), why: '' });
  return { keeper, state, onChange, hear, registry };
}

test('pages are told of what changes, and not of what runs on by itself', async () => {
  const { keeper, onChange, hear, registry } = await startKeeper();
  hear(group('mail', a));
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
  hear(group('mail', a, { leaseLeftMs: 77 }));
  const lookSees = (seconds: number) =>
    vi.waitFor(async () =>
      expect(await registry.metrics()).toContain(`mailward_group_deadline_seconds{group="mail"} ${seconds}`),
    );
  await lookSees(0.077);
  const guard = { kind: 'kernel', state: 'idle', openMs: 90, refused: 0, lost: 0, faults: [] };
  hear(group('mail', a, { leaseLeftMs: 78, guard }));
  await lookSees(0.078);
  expect(onChange).toHaveBeenCalledTimes(1);
  hear(group('mail', a, { guard: { ...guard, openMs: null } }));
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
  hear(group('mail', a, { epoch: 512_007, wonEpoch: 512_007 }));
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(3));
  expect(onChange.mock.lastCall?.[0][0]?.owner?.epoch).toBe(512_007);
  const metrics = await registry.metrics();
  expect(metrics).toContain('mailward_group_moves_total{group="mail"} 1');
  expect(metrics).toContain('mailward_group_guard_open{group="mail",node="mx1"} 1');
  await keeper.stop();
});

/** A store whose writes end when the test says so. */
function slowWrites() {
  const writes: { readonly words: readonly HeardWord[]; readonly end: () => void }[] = [];
  const keepWords = (_node: string, words: readonly HeardWord[]) =>
    new Promise<void>((end) => writes.push({ words, end }));
  return { writes, keepWords };
}

test('a node is forgotten on disk when that is said, also while its last word is being written', async () => {
  const { keeper, state, hear } = await startKeeper();
  const { writes, keepWords } = slowWrites();
  state.keepWords.mockImplementation(keepWords);
  hear(group('mail', a));
  let isForgotten = false;
  const forgetting = keeper.forgetNode('mx1').then(() => {
    isForgotten = true;
  });
  await vi.waitFor(() => expect(writes).toHaveLength(1));
  writes[0]?.end();
  await vi.waitFor(() => expect(writes).toHaveLength(2));
  expect(writes[1]?.words).toEqual([]);
  expect(isForgotten).toBe(false);
  writes[1]?.end();
  await forgetting;
  await keeper.stop();
});

test('a node is silent when its lease process does not answer, and when it said nothing of late', async () => {
  const { keeper, hear } = await startKeeper();
  expect(keeper.isSilent('mx1')).toBe(false);
  hear(group('mail', a));
  expect(keeper.isSilent('mx1')).toBe(false);
  keeper.heardStatus({ node: 'mx1', status: null, why: 'No lease process answers.' });
  expect(keeper.isSilent('mx1')).toBe(true);
  const word = { node: 'mx1', heardAt: 0, silence: '', version: '0.1.0', status: group('mail', a) };
  const next = await startKeeper([word]);
  expect(next.keeper.isSilent('mx1')).toBe(true);
  for (const { stop } of [keeper, next.keeper]) await stop();
});

test('a node is not said to be forgotten when that could not be written', async () => {
  const { keeper, state, hear } = await startKeeper();
  hear(group('mail', a));
  state.keepWords.mockRejectedValue(new Error('disk full'));
  await expect(keeper.forgetNode('mx1')).rejects.toThrow('disk full');
  await keeper.stop();
});

test('a group that is forgotten leaves no number behind, and the metrics of control are not those of an agent', async () => {
  const { keeper, hear, registry } = await startKeeper();
  hear(group('mail', a));
  await vi.waitFor(async () => expect(await registry.metrics()).toContain('mailward_group_moves_total{group="mail"}'));
  hear();
  await vi.waitFor(async () => expect(await registry.metrics()).not.toContain('group="mail"'));
  expect(await registry.metrics()).not.toContain('mailward_lease_');
  await keeper.stop();
});

test('what a node said last is kept when it changes, and known to the next start', async () => {
  const { keeper, state, hear } = await startKeeper();
  hear(group('mail', a));
  hear(group('mail', a, { leaseLeftMs: 77 }));
  await keeper.stop();
  expect(state.keepWords).toHaveBeenCalledTimes(1);
  const words = state.keepWords.mock.calls[0]?.[1] ?? [];
  const next = await startKeeper(words);
  expect(next.keeper.findGroup(a)).toMatchObject({
    group: 'mail',
    voters: [{ node: 'mx1', word: { wonEpoch: 256_007 } }],
  });
  await next.keeper.forgetNode('mx1');
  expect(next.keeper.readGroups()).toEqual([]);
  await next.keeper.stop();
  expect(next.state.keepWords).toHaveBeenLastCalledWith('mx1', []);
});

test('what another release kept, or a number that is no ballot, is not remembered', async () => {
  const { keeper, state, hear } = await startKeeper();
  hear(group('mail', a, { epoch: Number.MAX_SAFE_INTEGER + 1, wonEpoch: Number.MAX_SAFE_INTEGER + 1 }));
  await keeper.stop();
  const next = await startKeeper(state.keepWords.mock.calls[0]?.[1] ?? []);
  expect(next.keeper.readGroups()).toEqual([]);
  await next.keeper.stop();
});

test('a word that does not change is believed for as long as it is not told again', async () => {
  const registry = new Registry();
  const events = createFailoverEvents({ log: createLog({ process: 'test', level: 'silent' }), registry });
  const heardAt = systemClock.now() - 6000;
  const word = { node: 'mx1', heardAt, silence: '', version: '0.1.0', status: group('mail', a) };
  const state = { readWords: async () => [word], keepWords: async () => {}, addEntries: async () => {} };
  const deps = { clock: systemClock, state, events, onChange: () => {} };
  const keeper = await createFailoverKeeper({ staleAfterMs: 1000 }, deps);
  expect(keeper.findGroup('mail').voters[0]?.word?.isStale).toBe(false);
  await keeper.stop();
});

test('history is kept of a group that the node is known to vote in, and not of days to come', async () => {
  const { keeper, state, hear, registry } = await startKeeper();
  const entry = (number: number, time: number) => ({
    ...{ number, time, region: 'role', event: 'x', sentence: 's', role: 'out', vote: 'voting', epoch: 0 },
  });
  const now = systemClock.now();
  const entries = [entry(1, now), entry(2, now + 2 * 86_400_000)];
  const message = { node: 'mx1', group: 'mail', incarnation: a, startedAt: 0, entries };
  await keeper.heardHistory(message);
  expect(state.addEntries).not.toHaveBeenCalled();
  hear(group('mail', a));
  await keeper.heardHistory({ ...message, node: 'evil' });
  await keeper.heardHistory({ ...message, entries: [entry(2, now + 2 * 86_400_000)] });
  expect(state.addEntries).not.toHaveBeenCalled();
  await keeper.heardHistory(message);
  expect(state.addEntries.mock.calls).toEqual([[{ ...message, entries: [entry(1, now)] }]]);
  const metrics = await registry.metrics();
  expect(metrics).toContain('mailward_group_reports_refused_total{reason="not-listed"} 2');
  expect(metrics).toContain('mailward_group_reports_refused_total{reason="to-come"} 2');
  expect(metrics).toContain('mailward_group_history_entries_total 1');
  await keeper.stop();
});

test('a group is found by its name while one has it, and by its incarnation', async () => {
  const { keeper, hear } = await startKeeper();
  hear(group('mail', a), group('mail', b), group('web', '6c8f3b20-9d3e-4f78-9f5d-2fbd5e3e4132'));
  expect(keeper.findGroup('web').group).toBe('web');
  expect(keeper.findGroup(b).id).toBe(b);
  expect(() => keeper.findGroup('mail')).toThrow('2 groups are named mail');
  expect(() => keeper.findGroup('none')).toThrow('No agent tells of a group none');
  await keeper.stop();
});

test('who asks for a preflight while one runs gets the same', async () => {
  const { keeper, hear } = await startKeeper();
  hear(group('mail', a));
  const asked = vi.fn(async () => ({ ok: false as const, detail: 'not connected' }));
  const desk = createQuestionDesk({ clock: systemClock, ask: asked });
  const [one, two] = await Promise.all([
    desk.preflight(keeper.findGroup('mail')),
    desk.preflight(keeper.findGroup('mail')),
  ]);
  expect(one).toBe(two);
  expect(one.answers).toEqual([{ node: 'mx1', preflight: null, silence: 'not connected' }]);
  expect(asked).toHaveBeenCalledTimes(1);
  await desk.preflight(keeper.findGroup('mail'));
  expect(asked).toHaveBeenCalledTimes(2);
  expect((await desk.explain(keeper.findGroup('mail'))).answers).toEqual([
    { node: 'mx1', explanation: null, silence: 'not connected' },
  ]);
  await keeper.stop();
});

test('an order that cannot be put on record is not sent, and one that cannot be sent is on record', async () => {
  const { keeper, hear } = await startKeeper();
  hear(group('mail', a));
  const writeAudit = vi.fn(async (_record: unknown) => {});
  const run = vi.fn(async () => Promise.reject(new Error('not connected')));
  const desk = createOrderDesk({
    ...{ clock: systemClock, newId: () => 'o1', desk: { run }, state: { writeAudit } },
    events: { orderRecorded: () => {}, orderNotRecorded: () => {} },
  });
  const order = { do: { order: 'retime', leaseMs: 3000 }, reason: 'slow link', waitMs: 10 } as const;
  await expect(desk.run(keeper.findGroup('mail'), order)).rejects.toThrow('not connected');
  expect(writeAudit.mock.calls.map(([record]) => record)).toMatchObject([
    { id: 'o1', outcome: 'asked', node: 'mx1', reason: 'slow link', parameters: { group: 'mail', leaseMs: 3000 } },
    { id: 'o1', outcome: 'not-sent', detail: 'not connected' },
  ]);
  writeAudit.mockRejectedValueOnce(new Error('disk full'));
  await expect(desk.run(keeper.findGroup('mail'), order)).rejects.toThrow('disk full');
  expect(run).toHaveBeenCalledTimes(1);
  await expect(desk.run(keeper.findGroup('mail'), { ...order, node: 'mx9' })).rejects.toThrow(
    'mx9 is no voter of mail',
  );
  await keeper.stop();
});

// What agents forward is believed of their own node, when it is understood and small; the rest is counted and changes nothing.
import { EventEmitter } from 'node:events';
import type { Socket } from 'socket.io';
import { expect, test, vi } from 'vitest';
import { failoverLimits } from '../../protocol/failover.ts';
import { leaseEvents } from '../../protocol/live.ts';
import { listenForLeases } from './lease-channel.ts';

const iso = '2026-11-22T10:00:00.000Z';
const status = {
  node: 'mx1',
  status: { node: 'mx1', now: iso, startedAt: iso, version: '0.1.0', groups: [] },
  why: '',
};
const history = (entries = 1) => ({
  ...{ node: 'mx1', group: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', startedAt: iso },
  entries: Array.from({ length: entries }, (_, at) => ({
    ...{ number: at + 1, time: iso, region: 'role', event: 'x', sentence: 's', role: 'out', vote: 'voting', epoch: 0 },
  })),
});

function listen(node: string | undefined = 'mx1') {
  const socket = new EventEmitter();
  const failover = { heardStatus: vi.fn(), heardHistory: vi.fn(async () => {}) };
  const events = { reportRefused: vi.fn() };
  listenForLeases(socket as unknown as Socket, () => node, { failover, events });
  return { socket, failover, events };
}
const acknowledged = (socket: EventEmitter, payload: unknown): Promise<unknown> =>
  new Promise((resolve) => socket.emit(leaseEvents.history, payload, resolve));

test('a status of the own node is heard', () => {
  const { socket, failover, events } = listen();
  socket.emit(leaseEvents.status, status);
  expect(failover.heardStatus).toHaveBeenCalledWith(expect.objectContaining({ node: 'mx1' }));
  expect(events.reportRefused).not.toHaveBeenCalled();
});

test.each<[string, unknown, string | undefined, string]>([
  ['of another node', { ...status, node: 'mx2' }, 'mx1', 'wrong-node'],
  ['before hello', status, undefined, 'wrong-node'],
  ['that is none', { node: 'mx1', status: 'fine' }, 'mx1', 'not-understood'],
  ['nothing at all', undefined, 'mx1', 'not-understood'],
  ['too large', { ...status, filling: 'x'.repeat(failoverLimits.statusBytesMax) }, 'mx1', 'too-large'],
])('a status %s is refused and counted', (_what, payload, node, reason) => {
  const socket = new EventEmitter();
  const failover = { heardStatus: vi.fn(), heardHistory: vi.fn() };
  const events = { reportRefused: vi.fn() };
  listenForLeases(socket as unknown as Socket, () => node, { failover, events });
  socket.emit(leaseEvents.status, payload);
  expect(failover.heardStatus).not.toHaveBeenCalled();
  expect(events.reportRefused).toHaveBeenCalledWith(reason);
});

/** The status of a group under `epoch`, as it comes over the wire. */
const statusUnder = (epoch: number) => ({
  ...{ group: 'mail', incarnation: 'i', mode: 'active', self: 1, role: 'holding', vote: 'voting', owner: 1 },
  ...{ ownerNode: 'mx1', epoch, wonEpoch: epoch, leaseLeftMs: 5, priority: 1, isHealthy: true },
  ...{ isQuarantined: false, position: null, coldStartMs: 1, healMs: 1, addresses: [], peers: [] },
  ...{ set: { version: 1, voters: [1], leaseMs: 250, leaseMsMax: 250 }, services: [], alarms: [], why: [] },
  ...{ terms: { advertMs: 100, freezeMs: 0, rttMs: 1, holdMs: 200 }, historyNumber: 0, movesSeen: 0 },
  guard: { kind: 'kernel', state: 'idle', openMs: 100, refused: 0, lost: 0, faults: [] },
  datagrams: { taken: 1, forged: 0, repeated: 0, malformed: 0, challenged: 0 },
  damping: { moves: 0, budget: 4, windowMs: 1 },
});

test.each([
  [256_007, true],
  [Number.MAX_SAFE_INTEGER, true],
  [Number.MAX_SAFE_INTEGER + 1, false],
  [1e300, false],
  [-1, false],
])('an epoch is an instant for whoever reads it: %d is taken: %s', (epoch, isTaken) => {
  const { socket, failover, events } = listen();
  socket.emit(leaseEvents.status, { ...status, status: { ...status.status, groups: [statusUnder(epoch)] } });
  expect(failover.heardStatus).toHaveBeenCalledTimes(isTaken ? 1 : 0);
  expect(events.reportRefused).toHaveBeenCalledTimes(isTaken ? 0 : 1);
  expect(() => new Date(Math.floor(Math.min(epoch, Number.MAX_SAFE_INTEGER) / 256)).toISOString()).not.toThrow();
});

test('history is acknowledged when it is durable, and not when it could not be kept', async () => {
  const { socket, failover, events } = listen();
  expect(await acknowledged(socket, history())).toBe(true);
  failover.heardHistory.mockRejectedValueOnce(new Error('disk full'));
  expect(await acknowledged(socket, history())).toBe(false);
  expect(events.reportRefused).toHaveBeenCalledWith('not-kept', expect.any(Error));
});

test('an entry has a bound in each of its words', async () => {
  const { socket, failover, events } = listen();
  const [entry] = history().entries;
  const long = (change: object) => ({ ...history(), entries: [{ ...entry, ...change }] });
  await acknowledged(socket, long({ sentence: 's'.repeat(failoverLimits.sentenceCharsMax) }));
  expect(failover.heardHistory).toHaveBeenCalledTimes(1);
  await acknowledged(socket, long({ sentence: 's'.repeat(failoverLimits.sentenceCharsMax + 1) }));
  await acknowledged(socket, long({ role: 'r'.repeat(65) }));
  expect(failover.heardHistory).toHaveBeenCalledTimes(1);
  expect(events.reportRefused.mock.calls).toEqual([['not-understood'], ['not-understood']]);
});

test('history that nobody could take is acknowledged all the same: it would only be said again', async () => {
  const { socket, failover, events } = listen();
  expect(await acknowledged(socket, history(failoverLimits.entriesPerMessageMax + 1))).toBe(true);
  expect(await acknowledged(socket, { ...history(), node: 'mx2' })).toBe(true);
  expect(failover.heardHistory).not.toHaveBeenCalled();
  expect(events.reportRefused.mock.calls).toEqual([['not-understood'], ['wrong-node']]);
});

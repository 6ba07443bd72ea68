// The link beside a lease process that is made up: what it tells, when, and that it keeps nothing while nobody listens.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { failoverLimits, leaseHistoryMessageSchema } from '../../protocol/failover.ts';
import { leaseHistorySchema, leaseStatusSchema, leaseWatchLineSchema } from '../../protocol/lease-status.ts';
import { leaseEvents } from '../../protocol/live.ts';
import { systemClock } from '../clock.ts';
import { createLeaseLink, type LeaseLink } from './lease-link.ts';

const incarnation = '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10';
const lookEveryMs = 20;
let folder = '';
let server: Server;
let link: LeaseLink;
/** What the made-up process says. */
let historyNumber = 0;
let startedAt = 0;
let owner: number | null = null;
let sentence = '';
let asked: string[] = [];
let watcher: ServerResponse | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-link-'));
  [historyNumber, startedAt, owner, sentence, asked, watcher] = [0, 1000, null, 's', [], undefined];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/watch') {
      watcher = response;
      response.flushHeaders();
      return;
    }
    const after = Number(/after=(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
    const body = request.url?.startsWith('/mail/history')
      ? z.encode(leaseHistorySchema, { group: 'mail', now: 1, entries: entriesAfter(after) })
      : z.encode(leaseStatusSchema, { node: 'mx1', now: 1, startedAt, version: '0.1.0', groups: [group()] });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
  link = createLeaseLink(
    { node: 'mx1', socket: join(folder, 's'), lookEveryMs },
    { clock: systemClock, onLook: () => {} },
  );
});
afterEach(async () => {
  link.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const entriesAfter = (after: number) =>
  Array.from({ length: historyNumber - after }, (_, at) => ({
    ...{
      number: after + at + 1,
      time: 1,
      region: 'role',
      event: 'x',
      sentence,
      role: 'out',
      vote: 'voting',
      epoch: 0,
    },
  }));
const group = () => ({
  ...{
    group: 'mail',
    incarnation,
    mode: 'active' as const,
    self: 1,
    role: 'out',
    vote: 'voting',
    owner,
    ownerNode: null,
  },
  ...{ epoch: 0, wonEpoch: 0, leaseLeftMs: 5, priority: 1, isHealthy: true, isQuarantined: false, position: null },
  ...{
    set: { version: 1, voters: [1], leaseMs: 1, leaseMsMax: 1 },
    coldStartMs: 1,
    healMs: 1,
    peers: [],
    addresses: [],
  },
  ...{ terms: { advertMs: 1, freezeMs: 0, rttMs: 1, holdMs: 1 }, services: [], alarms: [], why: [], historyNumber },
  guard: { kind: 'kernel', state: 'idle', openMs: null, refused: 0, lost: 0, faults: [] },
  datagrams: { taken: asked.length, forged: 0, repeated: 0, malformed: 0, challenged: 0, otherKey: 0, otherVersion: 0 },
  ...{ damping: { moves: 0, budget: 4, windowMs: 1 }, movesSeen: 0 },
});
const looksMade = () => asked.filter((url) => url === '/status').length;
const untilLooks = (count: number) => vi.waitFor(() => expect(looksMade()).toBeGreaterThan(count));

function connect(answer: (numbers: readonly number[]) => boolean) {
  const statuses: unknown[] = [];
  const told: number[][] = [];
  link.connected({
    tell: (event, payload) => void (event === leaseEvents.status && statuses.push(payload)),
    ask: async (_event, payload) => {
      const numbers = leaseHistoryMessageSchema.parse(payload).entries.map(({ number }) => number);
      told.push(numbers);
      return answer(numbers);
    },
  });
  return { statuses, told };
}

test('a status is told when it changes, and not for what runs on by itself', async () => {
  const { statuses } = connect(() => true);
  await untilLooks(looksMade() + 5);
  expect(statuses).toHaveLength(1);
  owner = 2;
  await vi.waitFor(() => expect(statuses).toHaveLength(2));
});

test('the history is told in bounded parts, each acknowledged before the next, and once', async () => {
  historyNumber = failoverLimits.entriesPerMessageMax + 5;
  const { told } = connect(() => true);
  await vi.waitFor(() =>
    expect(told.map((numbers) => numbers.length)).toEqual([failoverLimits.entriesPerMessageMax, 5]),
  );
  historyNumber += 1;
  await vi.waitFor(() => expect(told.at(-1)).toEqual([historyNumber]));
  await untilLooks(looksMade() + 3);
  expect(told).toHaveLength(3);
});

test('a sentence that is longer than control takes is shortened, and the history goes on', async () => {
  [historyNumber, sentence] = [1, 's'.repeat(failoverLimits.sentenceCharsMax + 1)];
  const { told } = connect(() => true);
  await vi.waitFor(() => expect(told).toEqual([[1]]));
});

test('what is not acknowledged is told again, and a process that was started anew from its beginning', async () => {
  historyNumber = 2;
  let isTaken = false;
  const { told } = connect(() => isTaken);
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(2));
  expect(told.every((numbers) => numbers.join() === '1,2')).toBe(true);
  isTaken = true;
  await untilLooks(looksMade() + 2);
  const before = told.length;
  [startedAt, historyNumber] = [2000, 1];
  await vi.waitFor(() => expect(told.slice(before)).toEqual([[1]]));
});

test('while control is absent nothing is asked for or kept, and all that the process still has is told when it is there', async () => {
  historyNumber = 3;
  await untilLooks(5);
  expect(asked.some((url) => url.includes('history'))).toBe(false);
  const { statuses, told } = connect(() => true);
  await vi.waitFor(() => expect([statuses.length, told]).toEqual([1, [[1, 2, 3]]]));
});

test('a process that does not answer is said so, once', async () => {
  const { statuses } = connect(() => true);
  await untilLooks(2);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await vi.waitFor(() =>
    expect(statuses.at(-1)).toMatchObject({
      node: 'mx1',
      status: null,
      why: expect.stringContaining('No lease process answers'),
    }),
  );
  server = createServer();
});

test('the last words of a process that ends are told as they are said', async () => {
  historyNumber = 2;
  const { told } = connect(() => true);
  await vi.waitFor(() => expect([told, watcher === undefined]).toEqual([[[1, 2]], false]));
  const [entry] = entriesAfter(historyNumber - 1);
  if (entry === undefined) throw new Error('an entry');
  const line = { group: 'mail', incarnation, startedAt, entry: { ...entry, number: 3 } };
  watcher?.write(`${JSON.stringify(z.encode(leaseWatchLineSchema, line))}\nnot a line\n`);
  server.close();
  await vi.waitFor(() => expect(told).toEqual([[1, 2], [3]]));
  server.closeAllConnections();
  server = createServer();
});

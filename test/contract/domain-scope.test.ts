// A domain as a scope, from stored lines to the answers of the API.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeReport } from '../../services/cli/report-sections.ts';
import { readOverview } from '../../services/control/overview.ts';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createDomainFlowReader } from '../../services/control/store/sqlite/domain-flow.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { bodyOf, makeBatch } from './event-store-batches.ts';

const day = '2026-11-22';
const since = Date.parse(`${day}T10:00:00Z`);
const until = Date.parse(`${day}T10:59:59Z`);

type Delivery = readonly [to: string, status: 'sent' | 'deferred' | 'bounced'];

function message(minute: number, queueId: string, from: string, deliveries: readonly Delivery[]): string[] {
  const at = `Nov 22 10:${String(minute).padStart(2, '0')}:01 mx1 postfix/`;
  const isOver = deliveries.every(([, status]) => status !== 'deferred');
  return [
    `${at}smtpd[100]: ${queueId}: client=client.example.net[192.0.2.10]`,
    `${at}cleanup[101]: ${queueId}: message-id=<${queueId}@id.example>`,
    `${at}qmgr[102]: ${queueId}: from=<${from}>, size=1200, nrcpt=${deliveries.length} (queue active)`,
    ...deliveries.map(
      ([to, status]) =>
        `${at}smtp[104]: ${queueId}: to=<${to}>, relay=mx.far.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=${status} (because ${status})`,
    ),
    ...(isOver ? [`${at}qmgr[102]: ${queueId}: removed`] : []),
  ];
}

const lines = [
  ...message(1, 'A000000001', 'ann@shop.example', [
    ['b@one.example', 'sent'],
    ['c@two.example', 'bounced'],
    ['d@two.example', 'bounced'],
  ]),
  ...message(2, 'A000000002', 'bob@else.example', [
    ['e@One.Example', 'sent'],
    ['f@two.example', 'deferred'],
  ]),
  ...message(3, 'A000000003', 'bob@else.example', [['g@eu.one.example', 'sent']]),
  ...message(4, 'A000000004', 'bob@else.example', [['h@xn--mnchen-3ya.example', 'sent']]),
  ...message(5, 'A000000006', 'bob@else.example', [['j@late.example', 'deferred']]),
  'Nov 22 10:07:00 mx1 postfix/qmgr[102]: A000000006: from=<bob@else.example>, status=expired, returned to sender',
  'Nov 22 10:07:00 mx1 postfix/qmgr[102]: A000000006: removed',
  ...message(5, 'A000000005', 'bob@else.example', [['i@münchen.example', 'deferred']]),
  'Nov 22 10:06:00 mx1 postfix/smtpd[100]: NOQUEUE: reject: RCPT from spam.example[192.0.2.66]: 550 5.1.1 <x@two.example>: Recipient address rejected: User unknown; from=<s@spam.example> to=<x@two.example> proto=ESMTP helo=<spam>',
];

let store: EventStore;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mailward-scope-'));
  const fail = (fault: unknown): void => {
    throw fault;
  };
  store = await createSqliteEventStore({ dataDir: directory }, { log: { error: fail } });
  const batch = makeBatch(lines);
  await store.ingest(batch.envelope, bodyOf(batch));
});
afterAll(async () => {
  await store.stop();
  await rm(directory, { recursive: true, force: true });
});

const found = async (domain: string, more: object = {}): Promise<string[]> =>
  (await store.searchStories({ domain, since, until, ...more })).items.map((item) => item.queueIds[0] ?? 'refused');

describe('messages', () => {
  test.each<[string, string, string[]]>([
    ['recipients, whatever the case', 'ONE.example', ['A000000002', 'A000000001']],
    ['senders', 'shop.example', ['A000000001']],
    ['with everything below', '.one.example', ['A000000003', 'A000000002', 'A000000001']],
    ['what is below alone', 'eu.one.example', ['A000000003']],
    ['an international name in letters', 'MÜNCHEN.example', ['A000000005', 'A000000004']],
    ['an international name as DNS has it', 'xn--mnchen-3ya.example', ['A000000005', 'A000000004']],
    ['refusals', 'two.example', ['refused', 'A000000002', 'A000000001']],
    ['nobody', 'example', []],
  ])('of a domain: %s', async (_what, domain, expected) => {
    expect(await found(domain)).toEqual(expected);
    expect(await store.countStories({ domain, since, until }, 100)).toEqual({ count: expected.length, atLeast: false });
  });

  test('of several domains are judged by the recipients in the scope', async () => {
    const [second, first] = (await store.searchStories({ domain: 'one.example', since, until })).items;
    expect(first).toMatchObject({ fate: 'delivered', to: ['b@one.example'], recipientCount: 1 });
    expect(second).toMatchObject({ fate: 'delivered', to: ['e@One.Example'], recipientCount: 1 });
    expect(await found('one.example', { fate: 'deferred' })).toEqual([]);
    expect(await found('two.example', { fate: 'deferred' })).toEqual(['A000000002']);
    expect(await found('two.example', { fate: 'bounced' })).toEqual(['A000000001']);
    expect(await found('shop.example', { fate: 'bounced' })).toEqual(['A000000001']);
    expect((await store.searchStories({ domain: 'shop.example', since, until })).items[0]?.recipientCount).toBe(3);
    expect(await found('one.example', { q: 'fate:delivered from:shop.example' })).toEqual(['A000000001']);
    expect(await found('one.example', { limit: 1 })).toEqual(['A000000002']);
  });
});

test('the flow of a domain counts its own recipients, and stands beside what is of all mail', async () => {
  const range = { since, until, stepMs: 60_000 };
  const sum = (flow: readonly { delivered: number; deferred: number; bounced: number; rejected: number }[]) =>
    flow.reduce(
      (total, point) => ({
        delivered: total.delivered + point.delivered,
        deferred: total.deferred + point.deferred,
        bounced: total.bounced + point.bounced,
        rejected: total.rejected + point.rejected,
      }),
      { delivered: 0, deferred: 0, bounced: 0, rejected: 0 },
    );
  const one = await store.readDomainFlow({ ...range, domain: 'One.example' });
  expect(one).toMatchObject({ domain: 'one.example', inQueue: 1 });
  expect(sum(one.flow)).toEqual({ delivered: 2, deferred: 0, bounced: 0, rejected: 0 });
  const two = await store.readDomainFlow({ ...range, domain: 'two.example' });
  expect(sum(two.flow)).toEqual({ delivered: 0, deferred: 1, bounced: 2, rejected: 1 });
  expect(two.flow[1]).toMatchObject({ time: since + 60_000, accepted: 1, bounced: 2 });
  expect(two.oldestQueuedAt).toBe(Date.parse(`${day}T10:02:01Z`));
  const shop = await store.readDomainFlow({ ...range, domain: 'shop.example' });
  expect(sum(shop.flow)).toEqual({ delivered: 1, deferred: 0, bounced: 2, rejected: 0 });
  const all = await store.readFlow(range);
  const everybody = await store.readDomainFlow({ ...range, domain: '.example' });
  expect(everybody.inQueue).toBe(0);
  expect(sum(all.all)).toEqual({ delivered: 4, deferred: 3, bounced: 2, rejected: 1 });

  const clock = { ...systemClock, now: () => until };
  const overview = await readOverview(
    { windowMs: 3_600_000, domain: 'two.example' },
    { clock, store, readNodes: () => [] },
  );
  expect(overview).toMatchObject({
    scope: { domain: 'two.example' },
    totals: { bounced: 2, deferred: 1 },
    messages: { deferred: { count: 1, atLeast: false } },
    inQueue: 1,
  });
  expect(overview.flow.reduce((total, point) => total + point.lines, 0)).toBe(lines.length);
  const whole = await readOverview({ windowMs: 3_600_000 }, { clock, store, readNodes: () => [] });
  expect(whole).toMatchObject({ totals: { deferred: 3 }, messages: { deferred: { count: 2 } }, inQueue: 2 });
  expect(whole).not.toHaveProperty('scope');
});

test('a domain with more messages than one answer counts says from when on it counts', () => {
  const rows = [5, 4, 3, 2, 1].map((no) => ({ no, first_s: 600 + no, last_s: 600 + no, open: 0, fate: 'delivered' }));
  const read = createDomainFlowReader({ load: () => undefined, byKeys: () => rows[Symbol.iterator]() as never });
  const range = { since: 0, until: 700_000, stepMs: 60_000, domain: 'a.example' };
  expect(read(range)).not.toHaveProperty('countedSince');
  expect(read(range, { storiesMax: 2, rowsMax: 100 }).countedSince).toBe(604_000);
  expect(read(range, { storiesMax: 9, rowsMax: 4 }).countedSince).toBe(603_000);
});

test('a report of a domain', async () => {
  const asked = { since, until, timeZone: 'UTC', rows: 20 };
  const two = await store.readReport({ ...asked, domain: 'TWO.example' });
  expect(two).toMatchObject({ domain: 'two.example', totals: { received: 2, bounced: 2, deferrals: 1, rejected: 1 } });
  expect(describeReport(two).notes).toContainEqual(expect.stringMatching(/belong to no domain and are left out/));
  const idn = await store.readReport({ ...asked, domain: 'münchen.example' });
  expect(idn.totals).toMatchObject({ received: 2, delivered: 1, deferrals: 1 });
  const late = await store.readReport({ ...asked, domain: 'late.example' });
  expect(late.totals).toMatchObject({ received: 1, deferred: 1, expired: 1 });
  const deep = await store.readReport({ ...asked, domain: '.one.example' });
  expect(deep.totals).toMatchObject({ received: 3, delivered: 3 });
});

// Reports that control draws from stored lines: the same for every EventStore, whatever it is made of.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createReportReader } from '../../services/control/store/sqlite/report-reader.ts';
import { reportsWaitingMax } from '../../services/control/store/sqlite/report-thread.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { createLineParser } from '../../services/logs/parse.ts';
import { createReport } from '../../services/logs/report.ts';
import { generateDefaults, generateLog } from '../bench/generate-log.ts';
import { bodyOf, cutIntoBatches, makeBatch, readMs } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

const failOnFault = (fault: unknown): void => {
  throw fault;
};
const drivers: ReadonlyArray<readonly [string, (directory: string) => Promise<EventStore>]> = [
  ['sqlite', (directory) => createSqliteEventStore({ dataDir: directory }, { log: { error: failOnFault } })],
];
const minute = 60_000;
const ten = Date.parse('2026-11-22T10:00:00Z');
const zone = { timeZone: 'UTC', rows: 20 };

describe.each(drivers)('%s', (_name, open) => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function openStore(): Promise<{ store: EventStore; directory: string }> {
    const directory = await mkdtemp(join(tmpdir(), 'mailward-report-store-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const store = await open(directory);
    stops.push(() => store.stop());
    return { store, directory };
  }

  /** A message a minute from 10:00 on. */
  const messages = (count: number, node = 'mx1') =>
    Array.from({ length: count }, (_, at) => {
      const clock = new Date(ten + at * minute).toISOString().slice(11, 19);
      return messageLines({
        at: `Nov 22 ${clock}`,
        queueId: queueIdOf(at),
        from: 'a@x.example',
        to: 'b@y.example',
        node,
      });
    }).flat();

  test('a report is that of the same lines read from their file', async () => {
    const { store } = await openStore();
    let text = '';
    const truth = generateLog({ ...generateDefaults, lines: 20_000 }, (chunk) => {
      text += chunk;
    });
    const lines = text.trimEnd().split('\n');
    const parser = createLineParser({ now: readMs, timeZone: 'UTC' });
    const fold = createReport({ timeZone: 'UTC', since: truth.firstAt - 1, until: truth.lastAt });
    for (const line of lines) fold.add(parser.parse(line));
    const byNode = lines.map((line) => ({
      node: line.split(' ').find((word) => word.startsWith('mx')) ?? '',
      text: line,
    }));
    for (const batch of cutIntoBatches(byNode, 64 * 1024)) await store.ingest(batch.envelope, bodyOf(batch));
    const report = await store.readReport({ since: truth.firstAt - 1, until: truth.lastAt, ...zone });
    expect(report.totals).toEqual(fold.result().totals);
    expect(report.domains).toEqual(fold.result().domains);
    expect(report.totals.lines).toBe(20_000);
  });

  test('an interval takes its own lines, from blocks that begin before it and end after it', async () => {
    const { store } = await openStore();
    for (const node of ['mx1', 'mx2']) {
      const batch = makeBatch(messages(30, node), { node });
      await store.ingest(batch.envelope, bodyOf(batch));
    }
    const { totals } = await store.readReport({ since: ten + 5 * minute, until: ten + 9 * minute + 999, ...zone });
    expect(totals).toMatchObject({ lines: 50, received: 10, delivered: 10, bytesDelivered: 12_000 });
    const before = await store.readReport({ since: ten - 9 * minute, until: ten - 1, ...zone });
    expect(before.totals).toMatchObject({ lines: 0, received: 0 });
    const scoped = await store.readReport({ since: ten, until: readMs, ...zone, domain: 'nobody.example' });
    expect(scoped.totals).toMatchObject({ received: 0, delivered: 0 });
  });

  test('more reports than may wait are refused, and the store still stops at once', async () => {
    const { store } = await openStore();
    const batch = makeBatch(messages(30));
    await store.ingest(batch.envelope, bodyOf(batch));
    const ask = () => store.readReport({ since: ten, until: readMs, ...zone });
    const asked = await Promise.allSettled(Array.from({ length: reportsWaitingMax + 1 }, ask));
    expect(asked.map(({ status }) => status)).toEqual([...Array(reportsWaitingMax).fill('fulfilled'), 'rejected']);
    expect(asked.at(-1)).toMatchObject({ reason: { code: 'overloaded' } });
    expect((await ask()).totals.received).toBe(30);
  });

  test('an interval of more lines than one report reads is refused', async () => {
    const { store, directory } = await openStore();
    const lines = messages(30);
    const batch = makeBatch(lines);
    await store.ingest(batch.envelope, bodyOf(batch));
    const db = new DatabaseSync(join(directory, 'events.sqlite'), { readOnly: true });
    stops.push(async () => db.close());
    const request = { since: ten, until: readMs, ...zone };
    expect(createReportReader(db, { linesMax: lines.length })(request).totals.received).toBe(30);
    expect(() => createReportReader(db, { linesMax: lines.length - 1 })(request)).toThrow('more than the 149 lines');
  });
});

// What only this driver can show of retention: that a chunk is bounded, and that it believes no line's own clock.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBatch, readMs } from '../../../../test/contract/event-store-batches.ts';
import { messageLines, queueIdOf } from '../../../../test/contract/event-store-messages.ts';
import type { RetentionPolicy } from '../event-store.ts';
import { createRemovalReader } from './removals.ts';
import { createRetentionStep } from './retention.ts';
import { openForWriting } from './schema.ts';
import { createStoreWriter } from './store-writer.ts';

const dayMs = 86_400_000;
const clock = { now: () => readMs, monotonicMs: () => 0 };
const lineAt = (year: number) => `${year}-01-01T00:00:00+00:00 mx1 postfix/qmgr[1]: 4A1B2C3D4E: removed`;
const young = ['Nov 22 22:00:00 mx1 postfix/qmgr[1]: 5A1B2C3D4E: removed'];

let directory: string;
let db: DatabaseSync;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailward-retention-'));
  db = openForWriting(join(directory, 'events.sqlite'));
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);

function apply(policy: RetentionPolicy, now: number): number {
  const step = createRetentionStep(db, { forgetRemoved: () => {} });
  let chunks = 0;
  while (!step(policy, now).isDone) chunks += 1;
  return chunks;
}

test('lines that came today are not old because they claim to be; no other source loses by it', () => {
  createStoreWriter(db, clock).ingest([makeBatch([lineAt(2020)], { sourceId: 'no clock' })]);
  createStoreWriter(db, clock).ingest([makeBatch(young)]);
  const removed = () => createRemovalReader(db).list();
  apply({ linesBefore: readMs - 184 * dayMs }, readMs);
  expect([count('block'), count('source'), removed()]).toEqual([2, 2, []]);
  apply({ linesBefore: readMs + 1 }, readMs + 184 * dayMs);
  expect([count('block'), removed().map(({ until }) => until)]).toEqual([1, [Date.parse('2020-01-01T00:00Z')]]);
});

test.each([
  ['lines', readMs],
  ['an agent', Date.parse('2099-01-01T00:00:01Z')],
])('what %s claimed of a time to come is kept no longer than what came with it', (_who, readAt) => {
  createStoreWriter(db, clock).ingest([makeBatch([lineAt(2099)], { sourceId: 'ahead', readMs: readAt })]);
  createStoreWriter(db, clock).ingest([makeBatch(young)]);
  const before = (days: number) => readMs + (days - 180) * dayMs;
  const run = (days: number) =>
    apply({ linesBefore: before(days), storiesBefore: before(days) }, readMs + days * dayMs);
  run(0);
  expect([count('block'), count('story')]).toEqual([2, 2]);
  run(182);
  expect([count('block'), count('story')]).toEqual([1, 0]);
  run(189);
  expect([count('segment'), count('posting')], 'what finds them').toEqual([0, 0]);
  expect(createRemovalReader(db).until('lines')).toBeLessThanOrEqual(readMs + 2 * dayMs);
});

test('one chunk takes one segment of the lookup, and a run takes all that are too old', () => {
  const writer = createStoreWriter(db, clock);
  const names = { from: 'a@from.example', to: 'b@to.example' };
  let firstOffset = 0;
  for (let no = 0; no < 5; no += 1) {
    const batch = makeBatch(messageLines({ at: 'Nov 22 22:00:00', queueId: queueIdOf(no), ...names }), { firstOffset });
    writer.ingest([batch]);
    firstOffset = batch.envelope.lastOffset;
  }
  const policy = { storiesBefore: readMs + 8 * dayMs };
  const step = createRetentionStep(db, { forgetRemoved: () => {} });
  const left: number[] = [];
  while (!step(policy, readMs + 9 * dayMs).isDone) left.push(count('segment'));
  expect(left).toEqual([5, 4, 3, 2, 1, 0]);
  expect(count('posting')).toBe(0);
});

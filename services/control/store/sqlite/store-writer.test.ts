// What only this driver can show: a full disk, a file of another release, and how commits reach the disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBatch } from '../../../../test/contract/event-store-batches.ts';
import { messageLines, queueIdOf } from '../../../../test/contract/event-store-messages.ts';
import { AppError } from '../../../protocol/errors.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { createRetentionStep } from './retention.ts';
import { claimStore, openForWriting, schemaVersion } from './schema.ts';
import { createStoreWriter } from './store-writer.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailward-writer-'));
  path = join(directory, 'events.sqlite');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Lines that do not compress well, so that a small disk is soon full. */
function manyMessages(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) =>
    messageLines({
      at: 'Nov 22 10:00:00',
      queueId: queueIdOf(from + at),
      from: `${(from + at) * 7919}@a.example`,
      to: `${(from + at) * 104729}@b.example`,
    }),
  ).flat();
}

test('a full disk is an error that stores nothing of the group, and what comes after is stored whole', () => {
  const db = openForWriting(path);
  const writer = createStoreWriter(db, systemClock);
  const count = (sql: string): number => Number(db.prepare(sql).get()?.n);
  const first = makeBatch(manyMessages(0, 10));
  writer.ingest([first]);
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count);
  db.exec(`PRAGMA max_page_count = ${pages + 4}`);
  const second = makeBatch(manyMessages(10, 2_000), { firstOffset: first.envelope.lastOffset });
  expect(() => writer.ingest([second])).toThrow(/full/);
  expect(count('SELECT count(*) AS n FROM story')).toBe(10);
  expect(count('SELECT sum(lines) AS n FROM block')).toBe(50);
  db.exec('PRAGMA max_page_count = 1000000');
  const [report] = writer.ingest([second]);
  expect(report instanceof AppError ? report : report?.ack.result).toBe('stored');
  expect(count('SELECT count(*) AS n FROM story')).toBe(2_010);
  expect(count('SELECT sum(lines) AS n FROM block')).toBe(50 + 10_000);
  expect(count('SELECT sum(lines) AS n FROM minute')).toBe(50 + 10_000);
  db.close();
});

test('one batch that cannot be accepted does not harm its neighbours in the group', () => {
  const db = openForWriting(path);
  const writer = createStoreWriter(db, systemClock);
  const whole = makeBatch(manyMessages(0, 4));
  writer.ingest([whole]);
  const { envelope, raw } = makeBatch(manyMessages(0, 5));
  const unclear = { envelope: { ...envelope, lastOffset: envelope.lastOffset + 5, cutBytes: 5 }, raw };
  const next = makeBatch(manyMessages(4, 1), { firstOffset: whole.envelope.lastOffset });
  const [refused, stored] = writer.ingest([unclear, next]);
  expect(refused).toMatchObject({ code: 'out-of-sequence' });
  expect(stored).toMatchObject({ ack: { result: 'stored' } });
  db.close();
});

test('commits are on disk before they return', () => {
  const db = openForWriting(path);
  expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  expect(db.prepare('PRAGMA synchronous').get(), '2 is FULL').toEqual({ synchronous: 2 });
  db.close();
});

test('a store has one writer: a second is refused while the first holds it', () => {
  const first = claimStore(path);
  expect(() => claimStore(path)).toThrow(/Another control process has .* open/);
  first.release();
  claimStore(path).release();
});

test('a file of a newer release is refused and left alone', () => {
  openForWriting(path).close();
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA user_version = ${schemaVersion + 1}`);
  db.close();
  expect(() => openForWriting(path)).toThrow(AppError);
  expect(() => openForWriting(path)).toThrow(/was written by a newer release \(schema 4, this one knows 3\)/);
});

test.each([
  ['first', 'DROP TABLE removal; DROP INDEX block_by_read; PRAGMA user_version = 1'],
  ['second', 'DROP INDEX block_by_read; PRAGMA user_version = 2'],
])('a file of the %s release gets what it lacks', (_name, undo) => {
  const first = openForWriting(path);
  first.exec(undo);
  first.close();
  const db = openForWriting(path);
  expect(db.prepare('SELECT count(*) AS count FROM removal').get()).toEqual({ count: 0 });
  createRetentionStep(db, { forgetRemoved: () => {} });
  expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: schemaVersion });
  db.close();
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBatch, readMs } from '../../../../test/contract/event-store-batches.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { openForWriting } from './schema.ts';
import { createStoreWriter } from './store-writer.ts';
import { createUnparsedReader } from './unparsed-reader.ts';

const minuteMs = 60_000;
const strangeOfNoisy = 3_000;
const strangeOfQuiet = 5;
const everything = { since: 0, until: readMs, clustersMax: 10 };
let directory: string;
let db: DatabaseSync;

/** A line a minute that nobody understands. */
const strange = (program: string, count: number): string[] =>
  Array.from({ length: count }, (_, no) => {
    const stamp = new Date(readMs - (count - no) * minuteMs).toISOString().replace('Z', '+00:00');
    return `${stamp} mx1 ${program}[7]: frobnicated grommet ${no}`;
  });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailward-unparsed-'));
  db = openForWriting(join(directory, 'events.sqlite'));
  const writer = createStoreWriter(db, systemClock);
  writer.ingest([makeBatch(strange('noisy', strangeOfNoisy), { node: 'mx1' })]);
  writer.ingest([makeBatch(strange('quiet', strangeOfQuiet), { node: 'mx2' })]);
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

const countsWith = (limits: { linesMax: number; readLinesMax: number }) => {
  const { lines, clusters, cut } = createUnparsedReader(db, limits)(everything);
  return { lines, cut, counts: clusters.map(({ program, count }) => [program, count]) };
};

const all = strangeOfNoisy + strangeOfQuiet;

test.each([
  ['groups', { linesMax: 100, readLinesMax: all }],
  ['reads', { linesMax: all, readLinesMax: 100 }],
])('an answer says when there is more than it %s, and a strange log does not hide another', (_, limits) => {
  const counts = [
    ['noisy', 100 - strangeOfQuiet],
    ['quiet', strangeOfQuiet],
  ];
  expect(countsWith(limits)).toEqual({ lines: 100, cut: true, counts });
});

test('an answer that looked at all of it is not cut', () => {
  const counts = [
    ['noisy', strangeOfNoisy],
    ['quiet', strangeOfQuiet],
  ];
  expect(countsWith({ linesMax: all, readLinesMax: all })).toEqual({ lines: all, cut: false, counts });
});

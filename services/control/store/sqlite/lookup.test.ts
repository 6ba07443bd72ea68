import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashKey } from '../../../logs/key-hash.ts';
import { createLookupReader, createLookupWriter, lookupLimits } from './lookup.ts';
import { openForWriting } from './schema.ts';

let db: DatabaseSync;
beforeEach(() => {
  db = openForWriting(':memory:');
});
afterEach(() => db.close());

function storiesOf(key: string): number[] {
  const reader = createLookupReader(db);
  const found: number[] = [];
  for (const segment of reader.segments(0, 0xffffffff))
    reader.visit(segment, hashKey(key), (story) => found.push(story));
  return found.sort((a, b) => a - b);
}

test('finds what was added, over all merges, and never an entry twice', () => {
  const writer = createLookupWriter(db);
  for (let commit = 0; commit < 200; commit += 1) {
    for (let at = 0; at < 50; at += 1) {
      const story = commit * 50 + at + 1;
      writer.add(hashKey(`id ${story}`), story, 1_000 + commit);
      writer.add(hashKey(`hot ${story % 2}`), story, 1_000 + commit);
    }
    writer.flush();
  }
  for (let story = 1; story <= 10_000; story += 97) expect(storiesOf(`id ${story}`)).toEqual([story]);
  expect(storiesOf('hot 0')).toHaveLength(5_000);
  expect(storiesOf('nothing')).toEqual([]);
  const segments = createLookupReader(db).segments(0, 0xffffffff);
  // 200 commits are 3·64 + 1·8 + 0: no level ever holds as many as would be merged.
  expect(segments.length).toBeLessThan(3 * lookupLimits.fanIn);
  expect(segments.reduce((sum, segment) => sum + segment.entries, 0)).toBe(20_000);
});

test('numbers and hashes keep all their bits', () => {
  const writer = createLookupWriter(db);
  const large = 2 ** 45 + 12_345;
  writer.add(hashKey('large'), large, 4_000_000_000);
  writer.flush();
  const reader = createLookupReader(db);
  const [segment] = reader.segments(3_999_999_999, 4_000_000_000);
  const found: [number, number][] = [];
  if (segment !== undefined) reader.visit(segment, hashKey('large'), (story, second) => found.push([story, second]));
  expect(found).toEqual([[large, 4_000_000_000]]);
});

test('segments are chosen by their time', () => {
  const writer = createLookupWriter(db);
  for (const second of [100, 200, 300]) {
    writer.add(hashKey('a'), second, second);
    writer.flush();
  }
  const reader = createLookupReader(db);
  expect(reader.segments(150, 250).map((segment) => segment.max_s)).toEqual([200]);
  expect(reader.segments(0, 999).map((segment) => segment.max_s)).toEqual([300, 200, 100]);
});

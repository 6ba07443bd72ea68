import { describe, expect, test } from 'vitest';
import type { CompletenessWire, SourceCompletenessWire } from '../../protocol/wire.ts';
import { holesOf, mergeIntervals } from './holes.ts';

const iso = (second: number): string => new Date(second * 1000).toISOString();
const source = (draft: Partial<SourceCompletenessWire>): SourceCompletenessWire => ({
  ...{ node: 'mx1', sourceId: 's', path: '/var/log/mail.log', state: 'complete', lines: 1, gapBytes: 0 },
  ...{ suppressedMessages: 0, duplicateBatches: 0, unparsedLines: 0, lastOffset: 0, lastSeenAt: iso(0) },
  ...draft,
});
const answer = (...sources: SourceCompletenessWire[]): CompletenessWire => ({
  ...{ since: iso(100), until: iso(200), complete: false, sentence: '', sources },
});

describe('holes', () => {
  test('a whole log has none', () => {
    expect(holesOf(answer(source({})))).toEqual([]);
  });
  test('a gap is where it is said to be, cut to the interval', () => {
    const gaps = [
      { since: iso(90), until: iso(110), bytes: 5 },
      { since: iso(150), until: iso(160), bytes: 5 },
      { since: iso(10), until: iso(20), bytes: 5 },
    ];
    expect(holesOf(answer(source({ state: 'gap', gaps })))).toEqual([
      { since: 100_000, until: 110_000 },
      { since: 150_000, until: 160_000 },
    ]);
  });
  test('what retention removed is a hole up to where it ends', () => {
    expect(holesOf({ ...answer(source({})), removedUntil: iso(150) })).toEqual([{ since: 100_000, until: 150_000 }]);
  });
  test('a gap of unknown place may be anywhere', () => {
    expect(holesOf(answer(source({ state: 'gap' })))).toEqual([{ since: 100_000, until: 200_000 }]);
  });
  test('a silent source is a hole from when it was last heard', () => {
    expect(holesOf(answer(source({}), source({ state: 'unknown', lastSeenAt: iso(180) })))).toEqual([
      { since: 180_000, until: 200_000 },
    ]);
  });
});

test('touching intervals become one', () => {
  const merged = mergeIntervals([
    { since: 5, until: 7 },
    { since: 1, until: 3 },
    { since: 3, until: 4 },
    { since: 6, until: 6 },
  ]);
  expect(merged).toEqual([
    { since: 1, until: 4 },
    { since: 5, until: 7 },
  ]);
});

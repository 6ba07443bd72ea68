import { expect, test } from 'vitest';
import { claimRange, offsetsOf, rangesMax } from './source-ranges.ts';

test.each([
  ['the first batch opens no gap', [], 500, 600, { fresh: [500, 600], ranges: [500, 600] }],
  ['the next one follows', [0, 100], 100, 150, { fresh: [100, 150], ranges: [0, 150] }],
  ['a duplicate is nothing new', [0, 100], 20, 80, { fresh: [], ranges: [0, 100] }],
  ['an overlap is new behind the end', [0, 100], 80, 120, { fresh: [100, 120], ranges: [0, 120] }],
  [
    'one beyond the end opens a gap',
    [0, 100],
    130,
    150,
    { fresh: [130, 150], ranges: [0, 100, 130, 150], gap: { first: 100, last: 130 } },
  ],
  [
    'one of nothing says that what is before is gone',
    [0, 100],
    150,
    150,
    { fresh: [], ranges: [0, 100, 150, 150], gap: { first: 100, last: 150 } },
  ],
  ['one of nothing within what is stored says nothing', [0, 100], 60, 60, { fresh: [], ranges: [0, 100] }],
  [
    'what was called gone may come after all, and further',
    [0, 100, 150, 150],
    100,
    170,
    { fresh: [100, 170], ranges: [0, 170] },
  ],
  ['one within a gap fills it', [0, 100, 130, 150], 100, 130, { fresh: [100, 130], ranges: [0, 150] }],
  ['one over a gap is new only there', [0, 100, 130, 150], 50, 170, { fresh: [100, 130, 150, 170], ranges: [0, 170] }],
  ['one before everything is new', [500, 600], 0, 500, { fresh: [0, 500], ranges: [0, 600] }],
  ['an empty one is nothing', [0, 100], 100, 100, { fresh: [], ranges: [0, 100] }],
])('%s', (_what, ranges, first, last, expected) => {
  expect(claimRange(ranges, first, last)).toEqual(expected);
});

test('agrees with a set of single bytes, whatever comes in', () => {
  let seed = 7;
  const dice = (sides: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % sides;
  };
  let ranges: readonly number[] = [];
  const stored = new Set<number>();
  for (let turn = 0; turn < 500; turn += 1) {
    const first = dice(400);
    const last = first + dice(30);
    const claim = claimRange(ranges, first, last);
    const fresh = new Set<number>();
    for (let at = 0; at + 1 < claim.fresh.length; at += 2)
      for (let byte = claim.fresh[at] ?? 0; byte < (claim.fresh[at + 1] ?? 0); byte += 1) fresh.add(byte);
    const expected = new Set(
      Array.from({ length: last - first }, (_, at) => first + at).filter((byte) => !stored.has(byte)),
    );
    expect(fresh).toEqual(expected);
    for (const byte of fresh) stored.add(byte);
    ranges = claim.ranges;
  }
});

test('holes are bounded: the oldest are closed', () => {
  let ranges: readonly number[] = [];
  for (let at = 0; at < rangesMax * 3; at += 1) ranges = claimRange(ranges, at * 10, at * 10 + 5).ranges;
  expect(ranges.length).toBe(rangesMax * 2);
  expect(ranges.slice(-2)).toEqual([(rangesMax * 3 - 1) * 10, (rangesMax * 3 - 1) * 10 + 5]);
  expect(claimRange(ranges, 5, 10).fresh).toEqual([]);
});

test.each([
  [[], { lastOffset: 0 }],
  [[0, 10], { lastOffset: 10 }],
  [[5, 10], { lastOffset: 10, wholeTo: 0, holeTo: 5 }],
  [[0, 10, 15, 20, 30, 40], { lastOffset: 40, wholeTo: 10, holeTo: 15 }],
])('of %j the first hole is told', (ranges, offsets) => {
  expect(offsetsOf(ranges)).toEqual(offsets);
});

import { expect, test } from 'vitest';
import { createJoinIndex } from './join-index.ts';
import { hashKey } from './key-hash.ts';

test('finds every story of a key, through all growth', () => {
  const index = createJoinIndex({ entriesMax: 100_000 });
  for (let no = 1; no <= 20_000; no += 1) {
    index.put(hashKey(`key ${no}`), no, 1_000);
    index.put(hashKey(`shared ${no % 100}`), no, 1_000);
  }
  for (let no = 1; no <= 20_000; no += 1) expect(index.find(hashKey(`key ${no}`))).toEqual([no]);
  expect(index.find(hashKey('shared 7'))).toHaveLength(200);
  expect(index.find(hashKey('nobody'))).toEqual([]);
  expect(index.forgotten()).toBe(0);
});

test('puts a pair once, whatever its time', () => {
  const index = createJoinIndex({ entriesMax: 100 });
  for (let until = 1; until < 50; until += 1) index.put(5, 1, until);
  expect(index.find(5)).toEqual([1]);
  expect(index.size()).toBe(1);
});

test('forgets what has ended when it needs room, and nothing else', () => {
  const index = createJoinIndex({ entriesMax: 100_000 });
  for (let no = 1; no <= 1_000; no += 1) index.put(hashKey(`old ${no}`), no, 10);
  index.advance(11);
  for (let no = 1; no <= 3_000; no += 1) index.put(hashKey(`new ${no}`), no, 100);
  expect(index.find(hashKey('old 1'))).toEqual([]);
  for (let no = 1; no <= 3_000; no += 1) expect(index.find(hashKey(`new ${no}`))).toEqual([no]);
  expect(index.forgotten()).toBe(0);
});

test('while logs of years ago are read beside those of today, neither loses what is still to come', () => {
  const index = createJoinIndex({ entriesMax: 100_000 });
  for (let no = 1; no <= 20_000; no += 1) {
    const second = no % 2 === 0 ? 1_000_000 + no : no;
    index.advance(second);
    index.put(hashKey(`key ${no}`), no, second + 500);
    for (const before of [no - 1, no - 2, no - 100])
      if (before > 0) expect(index.find(hashKey(`key ${before}`))).toEqual([before]);
  }
});

test('stays within its bound: what ends first goes first, and is counted', () => {
  const index = createJoinIndex({ entriesMax: 4_000 });
  for (let no = 1; no <= 50_000; no += 1) {
    index.put(hashKey(`key ${no}`), no, no);
    expect(index.size()).toBeLessThanOrEqual(4_000);
  }
  expect(index.find(hashKey('key 50000'))).toEqual([50_000]);
  expect(index.find(hashKey('key 1'))).toEqual([]);
  expect(index.forgotten()).toBeGreaterThanOrEqual(46_000);
});

test('hashes spread: no two of many like keys are equal', () => {
  const hashes = new Set<number>();
  for (let no = 0; no < 200_000; no += 1) hashes.add(hashKey(`q mx1 postfix 4QF7L${no}`));
  expect(hashes.size).toBe(200_000);
  for (const hash of hashes) if (!Number.isSafeInteger(hash) || hash < 0) throw new Error(`${hash} is no hash`);
});

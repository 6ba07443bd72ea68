import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

/** A megabyte is cut to what the parser reads; a scan that looks twice at that would take seconds. */
const lineMsMax = 200;

test('100,000 mutated lines are read without a throw, into true events, and shown without a raw control', () => {
  const result = fuzz({ lines: 100_000, seed: 20261122 });
  expect(result.faults).toEqual([]);
  expect(result.slowestMs).toBeLessThan(lineMsMax);
  expect(result.unparsed).toBeGreaterThan(1000);
});

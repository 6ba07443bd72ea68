import { expect, test } from 'vitest';
import { backoffLimits, backoffMs } from './backoff.ts';

test('waits double, stay within the cap, and are spread over half their length', () => {
  const { baseMs, capMs } = backoffLimits;
  expect(backoffMs(1, 0)).toBe(baseMs / 2);
  expect(backoffMs(2, 0)).toBe(baseMs);
  expect(backoffMs(1, 0.5)).toBe(baseMs * 0.75);
  expect(backoffMs(1_000_000, 0.999999)).toBeLessThan(capMs);
  expect(backoffMs(1_000_000, 0)).toBe(capMs / 2);
});

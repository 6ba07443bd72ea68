import { expect, test } from 'vitest';
import { medianOf, ratioOf } from './ratio.ts';

test('the median is the middle, or the mean of both middles', () => {
  expect(medianOf([9, 1, 5])).toBe(5);
  expect(medianOf([4, 1, 3, 2])).toBe(2.5);
});

test('the interval holds the ratio, is the same every time, and is wide where the samples are few or noisy', () => {
  const steady = [100, 101, 102, 99, 98, 100];
  const noisy = [100, 180, 60, 90, 140, 110];
  const tight = ratioOf(steady, steady);
  const wide = ratioOf(noisy, steady);
  expect(tight).toEqual(ratioOf(steady, steady));
  expect(tight.ratio).toBe(1);
  expect(wide.ratioLow).toBeLessThan(wide.ratio);
  expect(wide.ratioHigh).toBeGreaterThan(wide.ratio);
  expect(wide.ratioHigh - wide.ratioLow).toBeGreaterThan(tight.ratioHigh - tight.ratioLow);
});

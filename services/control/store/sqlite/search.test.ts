import { expect, test } from 'vitest';
import { forgetOlderHalf } from './search.ts';

const metAt = (...seconds: number[]) => new Map(seconds.map((second, no) => [no, { second, mask: 1 }]));

test('the younger half stays, and the next page begins where it ends', () => {
  const met = metAt(10, 40, 20, 30, 50, 60);
  expect(forgetOlderHalf(met, 60)).toBe(40);
  expect([...met.values()].map(({ second }) => second)).toEqual([50, 60]);
});

test('stories of the one second at which the page began are never forgotten: the cursor would not move on', () => {
  const met = metAt(7, 7, 7, 7);
  expect(forgetOlderHalf(met, 7)).toBe(6);
  expect(met.size).toBe(4);
});

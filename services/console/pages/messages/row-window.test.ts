import { describe, expect, test } from 'vitest';
import { areApart, rowsAround, rowsInView } from './row-window.ts';

describe('rows in view', () => {
  test('at the top: what fits, and some below', () => {
    expect(rowsInView(120, 800, 34, 100_000)).toEqual({ first: 0, end: 20 + rowsAround });
  });
  test('deep in the list: a few on both sides, never more than the screen needs', () => {
    const { first, end } = rowsInView(-34 * 50_000, 800, 34, 100_000);
    expect(first).toBe(50_000 - rowsAround);
    expect(end - first).toBeLessThanOrEqual(Math.ceil(800 / 34) + 1 + 2 * rowsAround);
  });
  test('at the very end: nothing beyond it', () => {
    expect(rowsInView(-34 * 99_990, 800, 34, 100_000).end).toBe(100_000);
  });
  test('a list that shrank while scrolled far draws its end, not nothing', () => {
    const { first, end } = rowsInView(-34 * 5000, 800, 34, 10);
    expect({ first, end }).toEqual({ first: 10 - rowsAround, end: 10 });
  });
  test('an empty list draws nothing', () => {
    expect(rowsInView(0, 800, 34, 0)).toEqual({ first: 0, end: 0 });
  });
  test('a jump over more than a screen draws what is in sight and nothing around it', () => {
    const before = rowsInView(0, 800, 34, 100_000);
    const after = rowsInView(-2000, 800, 34, 100_000, 0);
    expect(areApart(before, after)).toBe(true);
    expect(after).toEqual({ first: 58, end: 83 });
  });
  test('a step of the wheel keeps the rows that stay', () => {
    expect(areApart(rowsInView(0, 800, 34, 100_000), rowsInView(-120, 800, 34, 100_000, 0))).toBe(false);
  });
});

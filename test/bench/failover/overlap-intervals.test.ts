import { expect, test } from 'vitest';
import type { Emission } from './overlap-emissions.ts';
import { intervalsOf, overlapMs } from './overlap-intervals.ts';

const said = (port: number, ...times: number[]): Emission[] =>
  times.map((at) => ({ at, port, kind: 'udp', isV6: false }));

test('a move is no overlap, however close', () => {
  expect(overlapMs(intervalsOf([...said(0, 0, 2, 4), ...said(1, 5, 7, 9)], 50))).toBe(0);
});

test('what two say across each other is overlap from the first word of the later to the last of the earlier', () => {
  expect(overlapMs(intervalsOf([...said(0, 0, 2, 6), ...said(1, 3, 7, 9)], 50))).toBe(3);
});

test('one word of another in the midst of a host that goes on speaking is overlap, though it is but an instant', () => {
  expect(overlapMs(intervalsOf([...said(0, 0, 20, 40), ...said(1, 10)], 50))).toBeGreaterThan(0);
  expect(overlapMs(intervalsOf([...said(0, 0, 2, 200, 202), ...said(1, 100)], 50))).toBe(0);
});

test("questions are nobody's answers", () => {
  const question: Emission = { at: 1, port: 3, kind: 'question', isV6: false };
  expect(overlapMs(intervalsOf([...said(0, 0, 2), question], 50))).toBe(0);
});

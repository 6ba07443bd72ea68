import { expect, test } from 'vitest';
import { foldAnswers, type Stretch } from './answer-times.ts';

const stretch = (host: string, firstAt: number, lastAt: number): Stretch => ({ host, firstAt, lastAt });

test('a move without overlap is a move, and the time between is silence', () => {
  const times = foldAnswers([stretch('b', 150, 200), stretch('a', 0, 100)]);
  expect(times).toEqual({ overlapMs: 0, moves: 1, silentMsMax: 50, silentMs: 50 });
});

test('what two hosts answer across each other is overlap', () => {
  expect(foldAnswers([stretch('a', 0, 100), stretch('b', 90, 200)]).overlapMs).toBe(10);
});

test('a single answer of another host within the stretch of an owner is overlap, though it is but an instant', () => {
  expect(foldAnswers([stretch('a', 0, 100), stretch('b', 50, 50)]).overlapMs).toBe(0.001);
  expect(foldAnswers([stretch('a', 0, 100), stretch('b', 100, 180)]).overlapMs).toBe(0.001);
});

test('several stretches of the same host are no overlap', () => {
  expect(foldAnswers([stretch('a', 0, 100), stretch('a', 100, 180)]).overlapMs).toBe(0);
});

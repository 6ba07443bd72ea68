import { expect, test } from 'vitest';
import { createReplayWindow, takeCounter, windowCounters } from './replay-window.ts';

test('a counter is taken once, in any order within the window', () => {
  const window = createReplayWindow();
  expect([5, 3, 4, 5, 3, 4, 6].map((counter) => takeCounter(window, counter))).toEqual([
    ...[true, true, true, false, false, false, true],
  ]);
});

test('what is older than the window is refused, and a jump forgets all before it', () => {
  const window = createReplayWindow();
  takeCounter(window, 0);
  expect(takeCounter(window, windowCounters)).toBe(true);
  expect(takeCounter(window, 0)).toBe(false);
  expect(takeCounter(window, 1)).toBe(true);
  expect(takeCounter(window, 100 * windowCounters)).toBe(true);
  expect(takeCounter(window, 99 * windowCounters)).toBe(false);
  expect(takeCounter(window, 99 * windowCounters + 1)).toBe(true);
  expect(window.seen).toHaveLength(windowCounters);
});

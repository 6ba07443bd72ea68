import { expect, test } from 'vitest';
import type { Clock } from '../runtime/clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

test('tasks run in the order in which they are due, each at its own time', () => {
  const clock = createVirtualClock(1000);
  const seen: string[] = [];
  const note = (name: string) => () => void seen.push(`${name}@${clock.now()}`);
  clock.after(50, note('late'));
  clock.after(10, () => {
    note('early')();
    clock.after(5, note('child'));
  });
  const cancel = clock.after(20, note('cancelled'));
  clock.after(500, note('beyond'));
  cancel();
  clock.runUntil(1100);
  expect(seen).toEqual(['early@1010', 'child@1015', 'late@1050']);
  expect(clock.now()).toBe(1100);
});

test('what is still due after the hand-over waits the rest of its time on the real clock, until stopped', () => {
  const delays: number[] = [];
  let cancelled = 0;
  const real: Clock = {
    now: () => 1250,
    monotonicMs: () => 0,
    every: () => () => {},
    after: (delayMs) => {
      delays.push(delayMs);
      return () => {
        cancelled += 1;
      };
    },
  };
  const clock = createVirtualClock(1000);
  clock.after(300, () => {});
  clock.after(200, () => {});
  clock.runUntil(1100);
  clock.handOver(real);
  // What fell due between the two clocks happens at once.
  expect(delays).toEqual([50, 0]);
  clock.stop();
  expect(cancelled).toBe(2);
  clock.after(10, () => {});
  expect(delays).toEqual([50, 0]);
});

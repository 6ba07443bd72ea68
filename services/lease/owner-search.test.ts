import { expect, test } from 'vitest';
import { createOwnerSearch } from './owner-search.ts';

/** A search in hand-driven time: `next` runs what waits. */
function searching(answers: readonly (readonly string[])[], isHeld: () => boolean = () => false) {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  let now = 0;
  let looks = 0;
  const search = createOwnerSearch(
    { graceMs: 1000 },
    {
      monotonicMs: () => now,
      after: (delayMs, task) => {
        waiting.push(() => {
          now += Math.max(delayMs, 600);
          task();
        });
        return () => waiting.splice(0);
      },
      look: async () => answers[Math.min(looks++, answers.length - 1)] ?? [],
      isHeld,
      onFound: (sentence) => told.push(sentence),
      onFree: () => told.push('free'),
    },
  );
  const settle = () => new Promise<void>((resume) => setImmediate(resume));
  return {
    ...{ told, search },
    settle,
    next: async () => {
      waiting.shift()?.();
      await settle();
    },
    looks: () => looks,
  };
}

test('nobody answers: free at once, and never asked again', async () => {
  const { told, settle, next, looks } = searching([[]]);
  await settle();
  await next();
  expect([told, looks()]).toEqual([['free'], 1]);
});

test('somebody answers: said only when an owner by lease would have been heard, until it is gone', async () => {
  const { told, settle, next } = searching([['theirs'], ['theirs'], ['theirs'], []]);
  await settle();
  expect(told).toEqual([]);
  await next();
  expect(told).toEqual([]);
  await next();
  expect(told).toEqual(['theirs']);
  await next();
  expect(told).toEqual(['theirs', 'free']);
});

test('who answers under a lease is no stranger', async () => {
  let isHeld = false;
  const { told, settle, next, looks } = searching([['the owner']], () => isHeld);
  await settle();
  isHeld = true;
  await next();
  expect([told, looks()]).toEqual([['free'], 1]);
});

test('a stopped search says nothing more', async () => {
  const { told, settle, search } = searching([['theirs']]);
  search.stop();
  await settle();
  expect(told).toEqual([]);
});

import { expect, test } from 'vitest';
import type { Spool } from '../spool/spool.ts';
import { createIntake, pendingBytesMax } from './intake.ts';

function createWorld() {
  const kept: string[] = [];
  const tasks: (() => void)[] = [];
  let isFull = false;
  let fulls = 0;
  const append = async (lines: Buffer) => {
    await Promise.resolve();
    if (isFull) return 'full' as const;
    kept.push(lines.toString('latin1'));
    return 'kept' as const;
  };
  const intake = createIntake({ append } as Spool, {
    after: (_delayMs, task) => {
      tasks.push(task);
      return () => {};
    },
    onKept: () => {},
    onFull: () => {
      fulls++;
    },
    onFault: (error) => {
      throw error;
    },
  });
  return {
    ...{ intake, kept, fulls: () => fulls, retry: () => tasks.shift()?.() },
    fill: (full: boolean) => {
      isFull = full;
    },
  };
}
const line = Buffer.alloc(64 * 1024, 120);

test('lines keep their order, whatever comes while a write is under way', async () => {
  const { intake, kept } = createWorld();
  for (let no = 0; no < 100; no++) {
    expect(intake.offer(Buffer.from(`${no}\n`))).toBe(true);
    if (no % 7 === 0) await Promise.resolve();
  }
  await expect.poll(() => kept.join('')).toBe(Array.from({ length: 100 }, (_, no) => `${no}\n`).join(''));
});

test('with a full disk no more than the bound waits, nothing of it is lost, and those who wait go on', async () => {
  const { intake, kept, fill, fulls, retry } = createWorld();
  fill(true);
  let taken = 0;
  while (intake.offer(line)) taken++;
  expect(taken).toBe(pendingBytesMax / line.length);
  expect(intake.isFull()).toBe(true);
  let isResumed = false;
  intake.whenRoom(() => {
    isResumed = true;
  });
  await expect.poll(fulls).toBe(1);
  retry();
  await expect.poll(fulls).toBe(2);
  expect([kept.length, isResumed]).toEqual([0, false]);
  fill(false);
  retry();
  await expect.poll(() => kept.join('').length).toBe(pendingBytesMax);
  expect(isResumed).toBe(true);
});

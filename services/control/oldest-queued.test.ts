import { expect, test, vi } from 'vitest';
import { AppError } from '../protocol/errors.ts';
import type { SeriesAnswer } from '../protocol/series.ts';
import { createOldestQueued, oldestQueuedLimits } from './oldest-queued.ts';
import type { SeriesRange } from './series/series-store.ts';

const minuteMs = 60_000;
const range = { since: 10 * minuteMs, until: 13 * minuteMs, stepMs: minuteMs };

function create(...seconds: (number | null)[][]) {
  let now = 0;
  const readRange = vi.fn(
    async ({ name, since, until, stepMs, function: how }: SeriesRange): Promise<SeriesAnswer> => ({
      ...{ name, function: how, since, until, stepMs, resolution: 'minute', omittedSeries: 0 },
      series: seconds.map((values) => ({ node: 'mx1', kind: 'gauge', labels: {}, values })),
      completeness: { complete: true, missingValues: 0, sentence: 'Complete.' },
    }),
  );
  const clock = { now: () => now, monotonicMs: () => now, after: () => () => {}, every: () => () => {} };
  const pass = (ms: number) => {
    now += ms;
  };
  return { read: createOldestQueued({ clock, series: { readRange } }), readRange, pass };
}

test('is the oldest of all queues and nodes in each step, and absent where nothing was measured', async () => {
  const { read } = create([5, null, 0], [90, null, null]);
  expect([...(await read(range))]).toEqual([
    [10 * minuteMs, 90_000],
    [12 * minuteMs, 0],
  ]);
});

test('is read once for everybody, and again when it is old', async () => {
  const { read, readRange, pass } = create([1]);
  await Promise.all([read(range), read({ ...range, until: range.until + 500 })]);
  expect(readRange).toHaveBeenCalledTimes(1);
  pass(oldestQueuedLimits.keptMsMin);
  await read(range);
  expect(readRange).toHaveBeenCalledTimes(2);
});

test('remembers so many ranges', async () => {
  const { read, readRange } = create([1]);
  for (let steps = 1; steps <= oldestQueuedLimits.rangesMax + 1; steps += 1)
    await read({ ...range, until: range.since + steps * minuteMs });
  readRange.mockClear();
  await read({ ...range, until: range.since + 2 * minuteMs });
  expect(readRange).not.toHaveBeenCalled();
  await read({ ...range, until: range.since + minuteMs });
  expect(readRange).toHaveBeenCalledTimes(1);
});

test('coarser samples and an answer that cannot be had leave the steps empty; a fault is a fault', async () => {
  const { read, readRange, pass } = create([1]);
  const coarse = await create([1]).readRange({ ...range, name: '', matchers: [], function: 'max' });
  readRange.mockResolvedValueOnce({ ...coarse, stepMs: 2 * minuteMs });
  expect((await read(range)).size).toBe(0);
  pass(oldestQueuedLimits.keptMsMax);
  readRange.mockRejectedValueOnce(new AppError('too-large', 'no'));
  expect((await read(range)).size).toBe(0);
  pass(oldestQueuedLimits.keptMsMax);
  readRange.mockRejectedValueOnce(new TypeError('bug'));
  await expect(read(range)).rejects.toThrow('bug');
});

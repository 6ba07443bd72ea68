import { expect, test } from 'vitest';
import { changeOf, readExposition } from './sample-metrics.ts';
import { trimLog } from './trim-log.ts';

test('series are read with their labels, comments and what is no number are not', () => {
  const text = '# HELP a b\n# TYPE a counter\na 1\nb{x="y z",le="+Inf"} 2.5\nc NaN\nd +Inf\ne 3e2 1700000000000\n';
  expect(readExposition(text)).toEqual({ a: 1, 'b{x="y z",le="+Inf"}': 2.5, e: 300 });
});

test('a later sample is what changed since the one before', () => {
  expect(changeOf(undefined, { a: 1 })).toEqual({ series: { a: 1 } });
  expect(changeOf({ a: 1, b: 2, c: 3 }, { a: 1, b: 4, d: 5 })).toEqual({ series: { b: 4, d: 5 }, gone: ['c'] });
  expect(changeOf({ a: 1 }, { a: 1 })).toEqual({ series: {} });
});

const parts = { injectedAt: 100, healedAt: 200 };
const line = (time: number): string => `${time} ${'x'.repeat(5)}`;
const timeOf = (text: string): number | undefined => Number(/^\d+/.exec(text)?.[0] ?? Number.NaN) || undefined;
const log = Array.from({ length: 30 }, (_, index) => `${line((index + 1) * 10)}\n`).join('');

test('a log within its bound is kept whole', () => {
  expect(trimLog(log, parts, 10_000, timeOf)).toBe(log);
});

test('beyond it, the lines about the fault are kept first, whole, and in their order', () => {
  const kept = trimLog(log, parts, 100, timeOf);
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(100);
  const times = kept.split('\n').slice(0, -1).map(timeOf);
  expect(times).toEqual([90, 100, 110, 120, 130, 140, 150, 200, 210]);
});

test('a line without a time belongs to the one before', () => {
  const text = `${line(10)}\n${line(100)}\n  goes on\n${line(200)}\n`;
  expect(trimLog(text, parts, 40, timeOf)).toContain(`${line(100)}\n  goes on\n`);
});

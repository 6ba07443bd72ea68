import { describe, expect, test } from 'vitest';
import { en } from './en.ts';
import { createFormat } from './format.ts';
import { zh } from './zh.ts';

const english = createFormat('en-GB', en.units, 'Europe/Berlin');
const chinese = createFormat('zh-CN', zh.units, 'Asia/Shanghai');
const time = Date.UTC(2026, 10, 22, 16, 5, 9, 42);

describe('durations', () => {
  test.each([
    [0, '0 s'],
    [0.4, '<1 ms'],
    [340, '340 ms'],
    [1234, '1.2 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [252_000, '4 min 12 s'],
    [3_599_900, '1 h'],
    [15_120_000, '4 h 12 min'],
    [86_399_999, '1 d'],
    [439_200_000, '5 d 2 h'],
    [-5, '0 s'],
  ])('%d ms is %s', (ms, text) => {
    expect(english.duration(ms)).toBe(text);
  });
  test('in Chinese', () => {
    expect(chinese.duration(15_120_000)).toBe('4 小时 12 分');
  });
});

test('sizes', () => {
  expect([0, 1023, 1536, 5_000_000, 123_456_789_012].map(english.bytes)).toEqual([
    '0 B',
    '1,023 B',
    '1.5 KiB',
    '4.8 MiB',
    '115 GiB',
  ]);
});

test('a moment of another day says its day, and UTC is always at hand', () => {
  expect(english.moment(time, time)).toBe('17:05:09');
  expect(english.moment(time, time + 86_400_000)).toBe('22 Nov, 17:05:09');
  // Half past midnight in Shanghai is another day there, though not in Berlin.
  expect(chinese.moment(time, time + 60_000)).toBe('00:05:09');
  expect(english.utc(time)).toBe('2026-11-22 16:05:09.042 UTC');
  expect(chinese.zone(time)).toBe('GMT+8');
});

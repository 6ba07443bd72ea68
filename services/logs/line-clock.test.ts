import { expect, test } from 'vitest';
import { createLineClock, timeOfLine } from './line-clock.ts';

const timeZone = 'UTC';
const line = (stamp: string): string => `${stamp} mx1 postfix/qmgr[1]: 4XyZ: removed`;
const day = (text: string): number => Date.parse(`${text}T12:00:00Z`);
const read = (start: string, stamps: readonly string[]): string[] => {
  const clock = createLineClock({ time: day(start), timeZone });
  return stamps.map((stamp) => new Date(clock.read(line(`${stamp} 12:00:00`))).toISOString().slice(0, 10));
};

test('each 1 January begins a year, also where months are silent', () => {
  expect(read('2019-11-20', ['Nov 20', 'Dec 31', 'Jan  1', 'Jan  2', 'Nov  3', 'Nov  4', 'Nov  5', 'Sep 30'])).toEqual([
    ...['2019-11-20', '2019-12-31', '2020-01-01', '2020-01-02', '2020-11-03', '2020-11-04', '2020-11-05', '2021-09-30'],
  ]);
});

test('a line that comes late is of the year before', () => {
  expect(read('2019-12-30', ['Dec 30', 'Dec 31', 'Jan  1', 'Dec 31', 'Jan  1', 'Dec 28', 'Jan  2'])).toEqual([
    ...['2019-12-30', '2019-12-31', '2020-01-01', '2019-12-31', '2020-01-01', '2019-12-28', '2020-01-02'],
  ]);
});

test('one host with a wrong date does not turn the year for the others', () => {
  const clock = createLineClock({ time: day('2020-01-02'), timeZone });
  for (let no = 0; no < 1000; no++) {
    expect(new Date(clock.read(line('Jan  2 12:00:00'))).getUTCFullYear()).toBe(2020);
    for (let wrong = 0; wrong < 10; wrong++) clock.read(line('Jun  5 12:00:00'));
  }
});

test('a line that states no time has that of the line before', () => {
  const clock = createLineClock({ time: day('2020-03-01'), timeZone });
  clock.read(line('Mar  4 12:00:00'));
  expect(clock.read('\tat some.place(of a dump)')).toBe(day('2020-03-04'));
});

test('a year that is stated moves the clock', () => {
  const clock = createLineClock({ time: day('2020-03-01'), timeZone });
  expect(clock.read('2014-05-06T12:00:00.000+00:00 mx1 postfix/qmgr[1]: 4XyZ: removed')).toBe(day('2014-05-06'));
  expect(clock.read(line('May  7 12:00:00'))).toBe(day('2014-05-07'));
});

test('a 29 February in a year that has none tells that the start is wrong', () => {
  const clock = createLineClock({ time: day('2021-02-01'), timeZone });
  clock.read(line('Feb 28 12:00:00'));
  expect(clock.isAstray()).toBe(false);
  clock.read(line('Feb 29 12:00:00'));
  expect(clock.isAstray()).toBe(true);
});

test('a line alone is taken for as late as it can be', () => {
  const now = day('2026-02-01');
  expect(timeOfLine(line('Mar  4 12:00:00'), { now, timeZone })).toEqual({
    time: day('2025-03-04'),
    isYearStated: false,
  });
  expect(timeOfLine('2014-05-06T12:00:00Z mx1 a: b', { now, timeZone })?.isYearStated).toBe(true);
  expect(timeOfLine('no time at all', { now, timeZone })).toBeUndefined();
});

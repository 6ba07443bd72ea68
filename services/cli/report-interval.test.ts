import { expect, test } from 'vitest';
import { readInterval } from './report-interval.ts';

const berlin = { now: Date.parse('2026-11-22T10:20:00Z'), timeZone: 'Europe/Berlin' };
const iso = (asked: Parameters<typeof readInterval>[0], place = berlin) => {
  const { since, until } = readInterval(asked, place);
  return [since, until].map((time) => (time === undefined ? undefined : new Date(time).toISOString()));
};

test.each([
  ['the last whole day of the zone', { period: 'daily' }, '2026-11-20T23:00:00.000Z', '2026-11-21T22:59:59.999Z'],
  ['the last seven days', { period: 'weekly' }, '2026-11-14T23:00:00.000Z', '2026-11-21T22:59:59.999Z'],
  ['that day', { period: 'daily', from: '2026-11-03' }, '2026-11-02T23:00:00.000Z', '2026-11-03T22:59:59.999Z'],
  ['the day before', { period: 'daily', to: '2026-11-03' }, '2026-11-01T23:00:00.000Z', '2026-11-02T22:59:59.999Z'],
  [
    'a day of 25 hours',
    { period: 'daily', from: '2026-10-25' },
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T22:59:59.999Z',
  ],
  [
    'from an hour on',
    { period: 'daily', from: '2026-11-03T05:00Z' },
    '2026-11-03T05:00:00.000Z',
    '2026-11-04T04:59:59.999Z',
  ],
  ['since an age', { from: '2h' }, '2026-11-22T08:20:00.000Z', undefined],
  ['until a date', { to: '2026-11-03' }, undefined, '2026-11-02T22:59:59.999Z'],
  ['everything', {}, undefined, undefined],
] as const)('%s', (_what, asked, since, until) => {
  expect(iso(asked)).toEqual([since, until]);
});

test('what is no time is refused with its option', () => {
  expect(() => readInterval({ from: '2026-13-40' }, berlin)).toThrow('--from 2026-13-40 is no time');
  expect(() => readInterval({ to: 'soon' }, berlin)).toThrow('--to soon is no time');
});

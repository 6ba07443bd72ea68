import { describe, expect, test } from 'vitest';
import type { Attempts, Lane } from './lanes.ts';
import { evenTicks, layAxis } from './story-axis.ts';

const second = 1000;
const hour = 3600 * second;
const group = (time: number, fate: Attempts['fate'] = 'deferred'): Attempts => ({
  ...{ since: time - 30 * second, time, fate, count: 1, bars: [], relay: undefined, dsn: undefined },
  ...{ reason: undefined, to: 'a@example.org', nextLeg: undefined, row: 0 },
});
const lane = (attempts: Attempts[], since = 0): Lane => ({
  ...{
    leg: 0,
    node: 'mx1',
    queueId: '4Xa',
    role: 'smtp-in',
    since,
    until: attempts.at(-1)?.time ?? since,
    open: false,
  },
  ...{ before: undefined, attempts, rows: 1, attemptsOmitted: 0 },
});
const every = (count: number, stepMs: number) =>
  Array.from({ length: count }, (_, at) => group(40 * second + at * stepMs));

describe('the axis of a story', () => {
  test('is even when nothing waits long', () => {
    const axis = layAxis([lane([group(40 * second, 'delivered')])], 0, 400);
    expect(axis.isBroken).toBe(false);
    expect(axis.x(20 * second)).toBe(200);
  });
  test('is broken where days pass, and never runs backwards', () => {
    const axis = layAxis([lane([...every(3, hour), group(100 * hour, 'delivered')])], 0, 1000);
    expect(axis.isBroken).toBe(true);
    expect(axis.parts.filter((part) => part.kind === 'break')).toHaveLength(3);
    const places = Array.from({ length: 200 }, (_, at) => axis.x((at * 100 * hour) / 199));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(axis.x(100 * hour)).toBeCloseTo(1000);
  });
  test('folds a hundred deferrals and says how many, but never a delivery among them', () => {
    const attempts = every(100, hour);
    attempts[50] = group(40 * second + 50 * hour, 'delivered');
    const axis = layAxis([lane(attempts)], 0, 1000);
    expect(axis.parts.length).toBeLessThanOrEqual(15);
    const folded = axis.parts.reduce((sum, part) => sum + part.folded, 0);
    const shown = attempts.filter((one) => axis.shows(one.time)).length;
    expect(folded + shown).toBe(100);
    expect(axis.shows(40 * second + 50 * hour)).toBe(true);
    expect(axis.shows(40 * second + 30 * hour)).toBe(false);
  });
  test('fits a phone', () => {
    const axis = layAxis([lane(every(100, hour))], 0, 232);
    expect(Math.max(...axis.parts.map((part) => part.right))).toBeLessThanOrEqual(232.01);
    expect(axis.x(40 * second)).toBeGreaterThanOrEqual(0);
  });
});

test('ticks stand at round steps, no more than asked for', () => {
  expect(evenTicks(500, 5400, 10)).toEqual([500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000]);
  expect(evenTicks(0, 30 * 24 * hour, 8).length).toBeLessThanOrEqual(9);
});

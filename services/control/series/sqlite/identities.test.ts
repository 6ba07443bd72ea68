import { afterEach, expect, test, vi } from 'vitest';
import { defaultSeriesBounds } from '../series-store.ts';
import { createIdentities } from './identities.ts';
import { createSeriesRetentionStep, seriesRetentionLimits } from './series-retention.ts';
import { openSeriesForWriting } from './series-schema.ts';

const dayMs = 86_400_000;
const bounds = { seriesPerNodeMax: 10, seriesPerNodeKeptMax: 40, seriesMax: 100 };
afterEach(() => vi.restoreAllMocks());

function open(ofBounds = bounds) {
  const db = openSeriesForWriting(':memory:');
  const identities = createIdentities(db, ofBounds);
  /** How many of `count` new series of a node are taken at a time. */
  const take = (node: number, time: number, count: number, name = `at${time}`): number => {
    const numberOf = identities.ofScrape(node, time);
    let taken = 0;
    for (let no = 0; no < count; no++) if (numberOf(name, 'gauge', `{"no":"${no}"}`) !== undefined) taken += 1;
    return taken;
  };
  return { db, identities, take };
}

test('a node whose labels change every day fills its own share and nobody else’s', () => {
  const { take } = open();
  const taken = Array.from({ length: 400 }, (_, day) => take(1, 2 * day * dayMs, bounds.seriesPerNodeMax));
  expect(taken.reduce((sum, count) => sum + count, 0)).toBe(bounds.seriesPerNodeKeptMax);
  expect(take(2, 800 * dayMs, bounds.seriesPerNodeMax)).toBe(bounds.seriesPerNodeMax);
});

test('nodes whose labels change every day leave half of the room to those whose do not', () => {
  const { take } = open();
  for (let day = 0; day < 400; day += 2)
    for (const node of [1, 2, 3]) take(node, day * dayMs, bounds.seriesPerNodeMax, `day${day}`);
  for (const node of [4, 5, 6, 7, 8]) expect(take(node, 0, bounds.seriesPerNodeMax)).toBe(bounds.seriesPerNodeMax);
  expect(take(9, 0, 1), 'in all').toBe(0);
});

test('a series that is heard again takes a place among those that are heard', () => {
  const { take, identities } = open();
  const { seriesPerNodeMax } = bounds;
  take(1, 0, seriesPerNodeMax, 'old');
  const numberOf = identities.ofScrape(1, 2 * dayMs);
  const some = (name: string, count: number) =>
    Array.from({ length: count }, (_, no) => numberOf(name, 'gauge', `{"no":"${no}"}`)).filter(
      (no) => no !== undefined,
    );
  expect(some('new', 4)).toHaveLength(4);
  expect(some('old', 3), 'known').toHaveLength(3);
  expect(some('newer', seriesPerNodeMax)).toHaveLength(seriesPerNodeMax - 7);
});

test('the series of a node are looked through once a scrape, however many are refused', () => {
  const { take } = open({ ...defaultSeriesBounds, seriesPerNodeMax: 100 });
  expect(take(1, 0, 100, 'known')).toBe(100);
  const values = vi.spyOn(Map.prototype, 'values');
  expect(take(1, 1, 5_000, 'new')).toBe(0);
  expect(values).toHaveBeenCalledTimes(1);
});

test('retention takes silent series away in chunks, and leaves the others', () => {
  const { seriesPerChunk } = seriesRetentionLimits;
  const count = seriesPerChunk + 1;
  const { db, take } = open({ seriesPerNodeMax: count + 1, seriesPerNodeKeptMax: count + 1, seriesMax: 2 * count });
  db.exec('BEGIN');
  take(1, 0, count);
  take(1, 400 * dayMs, 1);
  db.exec('COMMIT');
  const kept = (): number => Number(db.prepare('SELECT count(*) AS count FROM series').get()?.count);
  const forget = vi.fn();
  const step = createSeriesRetentionStep(db, { forget });
  const cut = 300 * dayMs;
  const policy = { raw: cut, minute: cut, fiveMinutes: cut, hour: cut };
  expect([step(policy, cut), kept(), forget.mock.calls.length]).toEqual([false, 2, 1]);
  expect([step(policy, cut), kept(), forget.mock.calls.length]).toEqual([true, 1, 2]);
});

// What every SeriesStore does, whatever it is made of. A driver is a function that opens a store in a directory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import {
  clockBounds,
  riseMsMax,
  type SeriesBounds,
  type SeriesRange,
  type SeriesStore,
} from '../../services/control/series/series-store.ts';
import { createSqliteSeriesStore } from '../../services/control/series/sqlite-series-store.ts';
import { seriesLimits } from '../../services/protocol/series.ts';
import { hourMs, makeScrape, minuteMs, secondMs, startAt, write } from './series-store-scrapes.ts';

const failOnFault = (fault: unknown): void => {
  throw fault;
};
type Open = (directory: string, bounds?: SeriesBounds) => Promise<SeriesStore>;
const drivers: ReadonlyArray<readonly [string, Open]> = [
  [
    'sqlite',
    (dataDir, bounds) =>
      createSqliteSeriesStore(
        { dataDir, ...(bounds === undefined ? {} : { bounds }) },
        { log: { error: failOnFault } },
      ),
  ],
];

describe.each(drivers)('%s', (_name, open) => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function openStore(bounds?: SeriesBounds): Promise<SeriesStore & { reopen: () => Promise<SeriesStore> }> {
    const directory = await mkdtemp(join(tmpdir(), 'mailward-series-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const store = await open(directory, bounds);
    stops.push(() => store.stop());
    const reopen = async () => {
      await store.stop();
      stops.pop();
      const again = await open(directory, bounds);
      stops.push(() => again.stop());
      return again;
    };
    return { ...store, reopen };
  }

  /** `since` and `until` in milliseconds after `startAt`. */
  const read = (store: SeriesStore, range: Partial<SeriesRange> & { name: string; until: number }) =>
    store.readRange({
      ...{ matchers: [], stepMs: minuteMs, function: 'last', ...range },
      ...{ since: startAt + (range.since ?? 0), until: startAt + range.until },
    });
  const valuesOf = async (store: SeriesStore, range: Parameters<typeof read>[1]) =>
    (await read(store, range)).series[0]?.values;

  /** A scrape every 15 s from `from` to before `until`. */
  async function writeEvery15s(
    store: SeriesStore,
    from: number,
    until: number,
    valuesAt: (at: number) => Parameters<typeof write>[1]['values'],
  ): Promise<void> {
    for (let at = from; at < until; at += 15 * secondMs) await write(store, { at, values: valuesAt(at) });
  }

  test.each([
    ['last', [60, 120]],
    ['avg', [37.5, 97.5]],
    ['min', [15, 75]],
    ['max', [60, 120]],
  ] as const)('the %s of each minute', async (name, expected) => {
    const store = await openStore();
    await writeEvery15s(store, 0, 2 * minuteMs, (at) => [['queue_size', at / secondMs + 15, { queue: 'active' }]]);
    const answer = await read(store, { name: 'queue_size', until: 2 * minuteMs - 1, function: name });
    expect(answer).toMatchObject({ stepMs: minuteMs, resolution: 'minute', omittedSeries: 0, since: startAt });
    expect(answer.series).toEqual([{ node: 'mx1', kind: 'gauge', labels: { queue: 'active' }, values: expected }]);
    expect(answer.completeness).toEqual({ complete: true, missingValues: 0, sentence: 'Complete.' });
  });

  test.each([
    ['minute', minuteMs],
    ['fiveMinutes', 5 * minuteMs],
    ['hour', hourMs],
  ] as const)('answers from roll-ups of a %s as from samples', async (resolution, stepMs) => {
    const store = await openStore();
    await writeEvery15s(store, 0, 2 * hourMs, (at) => [
      ['temperature', Math.sin(at / minuteMs)],
      ['sent_total', at / 100],
    ]);
    const expected = Array.from({ length: stepMs / (15 * secondMs) }, (_, index) => Math.sin(index / 4));
    const range = { name: 'temperature', until: 2 * hourMs - 1, stepMs };
    expect((await read(store, range)).resolution).toBe(resolution);
    expect((await valuesOf(store, { ...range, function: 'avg' }))?.[0]).toBeCloseTo(
      expected.reduce((sum, value) => sum + value, 0) / expected.length,
    );
    expect((await valuesOf(store, { ...range, function: 'max' }))?.[0]).toBe(Math.max(...expected));
    expect((await valuesOf(store, { ...range, function: 'last' }))?.[0]).toBe(expected.at(-1));
    const rates = await valuesOf(store, { ...range, name: 'sent_total', function: 'rate' });
    expect(
      rates?.every((rate) => rate === 10),
      String(rates),
    ).toBe(true);
  });

  test('a shorter step is read from the samples themselves', async () => {
    const store = await openStore();
    await writeEvery15s(store, 0, minuteMs, (at) => [['sent_total', at]]);
    const answer = await read(store, {
      name: 'sent_total',
      until: minuteMs - 1,
      stepMs: 30 * secondMs,
      function: 'rate',
    });
    expect(answer).toMatchObject({ resolution: 'raw', stepMs: 30 * secondMs });
    expect(answer.series[0]?.values).toEqual([1000, 1000]);
  });

  test('a counter that begins anew rose by what it shows, at every resolution', async () => {
    const store = await openStore();
    // 4 a scrape, reset after each tenth scrape: the tenth shows 4 again.
    await writeEvery15s(store, 0, hourMs, (at) => [['sent_total', ((at / (15 * secondMs)) % 10) * 4 + 4]]);
    for (const stepMs of [30 * secondMs, minuteMs, 5 * minuteMs, hourMs]) {
      const rates = await valuesOf(store, { name: 'sent_total', until: hourMs - 1, stepMs, function: 'rate' });
      expect(rates).toHaveLength(hourMs / stepMs);
      for (const rate of rates ?? []) expect(rate, `${stepMs}`).toBeCloseTo(4 / 15);
    }
  });

  test('a hole is a hole: never zero, and no rise is made up for it', async () => {
    const store = await openStore();
    const values = (at: number) => [['sent_total', at / 10] as const, ['up', 1] as const];
    await writeEvery15s(store, 0, 5 * minuteMs, values);
    await writeEvery15s(store, 5 * minuteMs + riseMsMax, 15 * minuteMs, values);
    const range = { name: 'up', until: 15 * minuteMs - 1 };
    const missing = [false, false, false, false, false, true, true, true, true, true];
    expect((await valuesOf(store, range))?.slice(0, 10).map((value) => value === null)).toEqual(missing);
    const rates = await valuesOf(store, { ...range, name: 'sent_total', function: 'rate' });
    expect(rates).toEqual([100, 100, 100, 100, 100, null, null, null, null, null, 100, 100, 100, 100, 100]);
    expect((await read(store, range)).completeness).toEqual({
      ...{ complete: false, missingValues: 5, sentence: '5 of 15 values are missing, on mx1.' },
    });
    // Over the hour the rate is that of the time that is known.
    expect((await valuesOf(store, { ...range, name: 'sent_total', stepMs: hourMs, function: 'rate' }))?.[0]).toBe(100);
  });

  test('a counter that is absent from a scrape has no rise across it', async () => {
    const store = await openStore();
    await write(store, { at: 0, values: [['sent_total', 5]] });
    await write(store, { at: 15 * secondMs, values: [['other', 1]] });
    await write(store, { at: 30 * secondMs, values: [['sent_total', 50]] });
    expect(await valuesOf(store, { name: 'sent_total', until: minuteMs - 1, function: 'rate' })).toEqual([null]);
    expect(await valuesOf(store, { name: 'sent_total', until: minuteMs - 1 })).toEqual([50]);
  });

  test('a scrape that comes again is stored once', async () => {
    const store = await openStore();
    const values = [['queue_size', 10]] as const;
    expect((await write(store, { at: 0, values })).ack).toEqual({ result: 'stored', samples: 1, refusedSeries: 0 });
    expect((await write(store, { at: 0, values })).ack.result).toBe('duplicate');
    const again = await store.reopen();
    expect((await write(again, { at: 0, values })).ack.result).toBe('duplicate');
    await write(again, { at: secondMs, values: [['queue_size', 40]] });
    expect(await valuesOf(again, { name: 'queue_size', until: minuteMs - 1, function: 'avg' })).toEqual([25]);
  });

  test('what was stored is there after a restart, and counting goes on', async () => {
    const store = await openStore();
    await writeEvery15s(store, 0, minuteMs, (at) => [['sent_total', at / 10]]);
    const again = await store.reopen();
    await writeEvery15s(again, minuteMs, 2 * minuteMs, (at) => [['sent_total', at / 10]]);
    const rates = await valuesOf(again, { name: 'sent_total', until: 2 * minuteMs - 1, function: 'rate' });
    expect(rates).toEqual([100, 100]);
  });

  test('scrapes that waited come late and land where they belong', async () => {
    const store = await openStore();
    await write(store, { at: 90 * secondMs, values: [['queue_size', 3]] });
    await write(store, { at: 0, values: [['queue_size', 1]] }, startAt + 90 * secondMs);
    await write(store, { at: 15 * secondMs, values: [['queue_size', 2]] }, startAt + 90 * secondMs);
    expect(await valuesOf(store, { name: 'queue_size', until: 2 * minuteMs - 1 })).toEqual([2, 3]);
    // The last value of a bucket is the newest, not the one that came last.
    await write(store, { at: 75 * secondMs, values: [['queue_size', 9]] }, startAt + 90 * secondMs);
    expect(await valuesOf(store, { name: 'queue_size', until: 2 * minuteMs - 1 })).toEqual([2, 3]);
  });

  test('says how many scrapes never came', async () => {
    const store = await openStore();
    const put = (at: number, sequence: number) => write(store, { at: at * secondMs, sequence, values: [['up', 1]] });
    expect((await put(0, 7)).missed).toBe(0);
    expect((await put(15, 8)).missed).toBe(0);
    expect((await put(75, 12)).missed).toBe(3);
    expect((await put(90, 0)).missed, 'the agent has started anew').toBe(0);
  });

  test('does not believe a clock that is far off, and says so', async () => {
    const store = await openStore();
    const at = 12 * hourMs;
    const values = [['up', 1]] as const;
    const { aheadMsMax, behindMsMax } = clockBounds;
    const put = (received: number) => write(store, { at, values }, startAt + at + received);
    expect((await put(-aheadMsMax - 1)).ack).toMatchObject({ result: 'refused', reason: 'in-the-future', samples: 0 });
    expect((await put(behindMsMax + 1)).ack).toMatchObject({ result: 'refused', reason: 'too-old', samples: 0 });
    expect((await store.listNames()).names).toEqual([]);
    expect((await put(-aheadMsMax)).ack.result).toBe('stored');
    expect((await put(behindMsMax)).ack.result).toBe('duplicate');
  });

  test('has room for so many series of a node, and so many in all', async () => {
    const store = await openStore({ seriesPerNodeMax: 3, seriesPerNodeKeptMax: 5, seriesMax: 5 });
    const some = (count: number, name = 'size') =>
      Array.from({ length: count }, (_, no) => [name, no, { queue: `q${no}` }] as const);
    expect((await write(store, { at: 0, values: some(5) })).ack).toEqual({
      ...{ result: 'stored', samples: 3, refusedSeries: 2 },
    });
    expect((await write(store, { at: 1, values: some(3) })).ack.refusedSeries, 'those that are known stay').toBe(0);
    const second = await write(store, { at: 0, node: 'mx2', values: some(3) });
    expect(second).toMatchObject({ newSeries: 2, ack: { samples: 2, refusedSeries: 1 } });
    // A day later what fell silent leaves its place to what is new, as long as there is room in the node's share.
    const roomy = await openStore({ seriesPerNodeMax: 3, seriesPerNodeKeptMax: 5, seriesMax: 20 });
    await write(roomy, { at: 0, values: some(3) });
    const later = await write(roomy, { at: 25 * hourMs, values: some(3, 'other') });
    expect(later.ack).toMatchObject({ samples: 2, refusedSeries: 1 });
  });

  test('finds series by node and labels', async () => {
    const store = await openStore();
    for (const node of ['mx1', 'mx2'])
      await write(store, {
        ...{ at: 0, node },
        values: [
          ['size', 1, { queue: 'active', instance: '' }],
          ['size', 2, { queue: 'deferred' }],
        ],
      });
    const find = async (...matchers: SeriesRange['matchers']) =>
      (await read(store, { name: 'size', matchers, until: 1 })).series.map(
        ({ node, labels }) => `${node} ${labels.queue}`,
      );
    expect(await find()).toEqual(['mx1 active', 'mx1 deferred', 'mx2 active', 'mx2 deferred']);
    expect(await find({ label: 'node', isEqual: true, value: 'mx2' })).toEqual(['mx2 active', 'mx2 deferred']);
    expect(await find({ label: 'queue', isEqual: false, value: 'active' })).toEqual(['mx1 deferred', 'mx2 deferred']);
    expect(await find({ label: 'queue', isEqual: true, value: 'none' })).toEqual([]);
    // An empty label is no label.
    expect(await find({ label: 'instance', isEqual: true, value: '' })).toHaveLength(4);
    expect((await read(store, { name: 'nothing', until: 1 })).completeness).toMatchObject({
      ...{ complete: false, sentence: 'No sample is kept for this range.' },
    });
    expect((await store.listNames()).names).toEqual([{ name: 'size', kind: 'gauge', series: 4, nodes: 2 }]);
  });

  test('bounds an answer, and says what it leaves out', async () => {
    const store = await openStore();
    const count = seriesLimits.seriesMax + 3;
    await write(store, {
      at: 0,
      values: Array.from({ length: count }, (_, no) => ['size', no, { q: `${no}` }] as const),
    });
    const answer = await read(store, { name: 'size', until: minuteMs - 1 });
    expect([answer.series.length, answer.omittedSeries]).toEqual([seriesLimits.seriesMax, 3]);
    await expect(read(store, { name: 'size', until: (seriesLimits.stepsMax + 1) * minuteMs })).rejects.toMatchObject({
      code: 'bad-request',
    });
    await expect(read(store, { name: 'size', until: 1, function: 'rate' })).rejects.toMatchObject({
      code: 'bad-request',
    });
    await expect(read(store, { name: 'size', until: -hourMs })).rejects.toMatchObject({ code: 'bad-request' });
  });

  test('refuses a body that is not what its envelope says, and keeps nothing of it', async () => {
    const store = await openStore();
    const { envelope, body } = makeScrape({ at: 0, values: [['up', 1]] });
    const put = (bytes: Buffer, change = {}) =>
      store.write({ ...envelope, rawBytes: bytes.length, ...change }, new Uint8Array(zstdCompressSync(bytes)), startAt);
    const bad = { code: 'bad-request' };
    await expect(store.write(envelope, new Uint8Array([1, 2, 3]), startAt)).rejects.toMatchObject(bad);
    await expect(put(Buffer.from('not JSON'))).rejects.toMatchObject(bad);
    await expect(put(Buffer.from('[{"name":"a b","kind":"gauge","samples":[]}]'), { samples: 0 })).rejects.toThrow(
      /name/,
    );
    await expect(store.write({ ...envelope, samples: 2 }, body.slice(), startAt)).rejects.toThrow(/holds 1 samples/);
    const bomb = Buffer.alloc(seriesLimits.rawBytesMax + 1, 0x20);
    await expect(put(bomb)).rejects.toMatchObject({ code: 'too-large' });
    expect((await store.listNames()).names).toEqual([]);
    expect((await store.write(envelope, body, startAt)).ack.result).toBe('stored');
  });

  test('retention takes each resolution in its time, keeps it on record, and says so in answers', async () => {
    const store = await openStore();
    await writeEvery15s(store, 0, 20 * minuteMs, () => [['up', 1]]);
    await write(store, { at: 10 * minuteMs, node: 'mx2', values: [['up', 1]] });
    const now = startAt + hourMs;
    const policy = {
      ...{
        raw: startAt + 19 * minuteMs,
        minute: startAt + 10 * minuteMs,
        fiveMinutes: startAt + 5 * minuteMs,
        hour: 0,
      },
    };
    const removals = await store.applyRetention(policy, now);
    expect(removals.map((removal) => [removal.class, removal.why, removal.rows]).sort()).toEqual([
      ['samplesFiveMinutes', 'age', 1],
      ['samplesMinute', 'age', 10],
      ['samplesRaw', 'age', 77],
    ]);
    expect(removals.find((removal) => removal.class === 'samplesMinute')).toMatchObject({
      ...{ since: startAt, until: startAt + 10 * minuteMs - 1, at: now },
    });
    expect(await store.applyRetention(policy, now + 1)).toEqual([]);
    expect((await store.readRemovals()).removals).toHaveLength(3);
    // What is no longer kept fine enough is answered as finely as it is kept.
    expect(await read(store, { name: 'up', since: 0, until: 20 * minuteMs - 1 })).toMatchObject({
      ...{ resolution: 'hour', completeness: { complete: true } },
    });
    expect(await read(store, { name: 'up', since: 10 * minuteMs, until: 20 * minuteMs - 1 })).toMatchObject({
      resolution: 'minute',
    });
    await store.applyRetention({ ...policy, hour: now, fiveMinutes: now, minute: now, raw: now }, now + 2);
    expect((await read(store, { name: 'up', since: 0, until: 20 * minuteMs })).completeness.sentence).toMatch(
      /^Samples before 2026-11-22T10:.* were removed by retention\. No sample is kept/,
    );
  });
});

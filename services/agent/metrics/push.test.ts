import { zstdDecompressSync } from 'node:zlib';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, test, vi } from 'vitest';
import { type ScrapeEnvelope, scrapeSchema, seriesLimits } from '../../protocol/series.ts';
import type { Clock } from '../../runtime/clock.ts';
import { registerFamily } from './family.ts';
import { createMetricsPush, pushLimits, type SendScrape } from './push.ts';
import { takeScrape } from './take-scrape.ts';

const startAt = Date.parse('2026-11-22T10:00:00Z');
const stored = { result: 'stored' as const, samples: 1, refusedSeries: 0 };

function startPush(send: SendScrape) {
  const tasks: (() => void)[] = [];
  let now = startAt;
  const cancel = vi.fn();
  const every: Clock['every'] = (_ms, task) => {
    tasks.push(task);
    return cancel;
  };
  const clock = { now: () => now, monotonicMs: () => now, after: () => cancel, every };
  const registry = new Registry();
  const gauge = new Gauge({ name: 'queue_size', help: 'h', registers: [registry] });
  const events = {
    ...{ scrapeTaken: vi.fn(), scrapesWaiting: vi.fn(), scrapeDropped: vi.fn(), scrapeAnswered: vi.fn() },
    ...{ scrapeFailed: vi.fn(), scrapeNotTaken: vi.fn() },
  };
  const isHopeless = (error: unknown) => error instanceof RangeError;
  const push = createMetricsPush(
    { node: 'mx1', cadenceMs: 15_000 },
    { clock, registry, observe: () => {}, send, isHopeless, events },
  );
  /** One cadence later, when the scrape is taken and what could be sent is. */
  const turn = async (value = 0) => {
    now += 15_000;
    gauge.set(value);
    const takenBefore = events.scrapeTaken.mock.calls.length;
    for (const task of tasks) task();
    await vi.waitFor(() => expect(events.scrapeTaken.mock.calls.length).toBe(takenBefore + 1), { interval: 1 });
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { push, turn, events };
}

/** Control, away while `isAway`; keeps what it was sent. */
function createControl() {
  const control = { isAway: false, envelopes: [] as ScrapeEnvelope[], values: [] as unknown[] };
  const send: SendScrape = async (envelope, body) => {
    if (control.isAway) throw new Error('connect ECONNREFUSED');
    control.envelopes.push(envelope);
    const raw = zstdDecompressSync(body);
    expect(raw.length).toBe(envelope.rawBytes);
    control.values.push(scrapeSchema.parse(JSON.parse(raw.toString()))[0]?.samples[0]?.[1]);
    return stored;
  };
  return { control, send };
}

describe('push', () => {
  test('sends what the registry shows, at the time it was taken, in sequence', async () => {
    const { control, send } = createControl();
    const { push, turn, events } = startPush(send);
    await turn(3);
    await turn(4);
    expect(control.values).toEqual([3, 4]);
    expect(
      control.envelopes.map(({ node, sequence, sampledMs, samples }) => [node, sequence, sampledMs, samples]),
    ).toEqual([
      ['mx1', 0, startAt + 15_000, 1],
      ['mx1', 1, startAt + 30_000, 1],
    ]);
    expect(events.scrapeAnswered).toHaveBeenCalledTimes(2);
    await push.stop();
  });

  test('keeps samples while control is away and sends them in order afterwards', async () => {
    const { control, send } = createControl();
    const { push, turn, events } = startPush(send);
    control.isAway = true;
    for (const value of [1, 2, 3]) await turn(value);
    expect(control.values).toEqual([]);
    expect(events.scrapeFailed).toHaveBeenCalledTimes(3);
    control.isAway = false;
    await turn(4);
    await vi.waitFor(() => expect(control.values).toEqual([1, 2, 3, 4]));
    expect(events.scrapeDropped).not.toHaveBeenCalled();
    await push.stop();
  });

  test('drops the oldest beyond its bound, and counts them', async () => {
    const { control, send } = createControl();
    const { push, turn, events } = startPush(send);
    control.isAway = true;
    for (let value = 0; value < pushLimits.waitingMax + 2; value += 1) await turn(value);
    expect(events.scrapeDropped).toHaveBeenCalledTimes(2);
    control.isAway = false;
    await turn(-1);
    await vi.waitFor(() => expect(control.values).toHaveLength(pushLimits.waitingMax));
    expect([control.values[0], control.values.at(-1)]).toEqual([3, -1]);
    expect(control.envelopes[0]?.sequence).toBe(3);
    await push.stop();
  });

  test('gives up what control will never take, and goes on with the next', async () => {
    const { control, send } = createControl();
    let refusals = 1;
    const { push, turn, events } = startPush(async (envelope, body) => {
      if (refusals-- > 0) throw new RangeError('too large');
      return send(envelope, body);
    });
    await turn(1);
    await turn(2);
    await vi.waitFor(() => expect(control.values).toEqual([2]));
    expect(events.scrapeFailed).toHaveBeenCalledWith(expect.any(RangeError), true);
    await push.stop();
  });

  test('a request that hangs keeps no scrape from being taken, and the end does not wait for it', async () => {
    const { push, turn, events } = startPush(() => new Promise(() => {}));
    await turn(1);
    await turn(2);
    expect(events.scrapeTaken).toHaveBeenLastCalledWith(2, 0);
    await push.stop();
  });
});

describe('a scrape', () => {
  test('tells counters from gauges, as rates need to know', async () => {
    const registry = new Registry();
    const registers = [registry];
    new Counter({ name: 'sent_total', help: 'h', registers }).inc(2);
    new Gauge({ name: 'load', help: 'h', registers, labelNames: ['cpu'] }).set({ cpu: 1 }, 0.5);
    new Histogram({ name: 'delay', help: 'h', registers, buckets: [1] }).observe(0.5);
    registerFamily(registry, { name: 'odd_total', type: 'untyped', help: 'h' }, () => [{ labels: {}, value: 1 }]);
    const { scrape, samples, leftOut } = await takeScrape(registry);
    expect(scrape).toEqual([
      { name: 'sent_total', kind: 'counter', samples: [[{}, 2]] },
      { name: 'load', kind: 'gauge', samples: [[{ cpu: '1' }, 0.5]] },
      {
        ...{ name: 'delay_bucket', kind: 'counter' },
        samples: [
          [{ le: '1' }, 1],
          [{ le: '+Inf' }, 1],
        ],
      },
      { name: 'delay_sum', kind: 'counter', samples: [[{}, 0.5]] },
      { name: 'delay_count', kind: 'counter', samples: [[{}, 1]] },
      { name: 'odd_total', kind: 'counter', samples: [[{}, 1]] },
    ]);
    expect([samples, leftOut]).toEqual([7, 0]);
    expect(scrapeSchema.parse(scrape)).toEqual(scrape);
  });

  test('leaves out what is no number, and counts what is beyond its bounds', async () => {
    const registry = new Registry();
    const many = Object.fromEntries(Array.from({ length: seriesLimits.labelsMax + 1 }, (_, no) => [`l${no}`, 'v']));
    registerFamily(registry, { name: 'sizes', type: 'gauge', help: 'h' }, () => [
      { labels: {}, value: Number.NaN },
      { labels: { path: 'x'.repeat(seriesLimits.labelCharsMax + 1) }, value: 1 },
      { labels: many, value: 1 },
      { labels: { path: 'x'.repeat(seriesLimits.labelCharsMax) }, value: 1 },
    ]);
    const { scrape, samples, leftOut } = await takeScrape(registry);
    expect([samples, leftOut]).toEqual([1, 2]);
    expect(() => scrapeSchema.parse(scrape)).not.toThrow();
  });

  test('has at most so many samples', async () => {
    const registry = new Registry();
    const rows = Array.from({ length: seriesLimits.samplesMax + 5 }, (_, no) => ({
      labels: { q: `${no}` },
      value: no,
    }));
    registerFamily(registry, { name: 'sizes', type: 'gauge', help: 'h' }, () => rows);
    expect(await takeScrape(registry)).toMatchObject({ samples: seriesLimits.samplesMax, leftOut: 5 });
  });
});

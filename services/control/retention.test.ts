import { expect, test, vi } from 'vitest';
import type { Removal } from '../protocol/retention.ts';
import type { Clock } from '../runtime/clock.ts';
import { catchUpMs, createRetention, cutOff } from './retention.ts';
import { retentionConfigSchema, storeBytesMin } from './retention-table.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-22T10:00:00Z');

function createStores(removals: readonly Removal[] = []) {
  const read = { bytes: 7, removals };
  return {
    store: { applyRetention: vi.fn(async () => [...removals]), readRemovals: async () => read },
    series: { applyRetention: vi.fn(async () => []), readRemovals: async () => ({ bytes: 5, removals: [] }) },
    state: { applyRetention: vi.fn(async () => []), readRemovals: async () => ({ bytes: 3, removals: [] }) },
  };
}

/** A clock whose periods, and what waits for `catchUpMs`, are run by hand. */
function createHandClock(): { readonly clock: Clock; readonly tick: () => void; readonly catchUp: () => void } {
  const later: (() => void)[] = [];
  const tasks: (() => void)[] = [];
  const cancel = () => {};
  return {
    clock: {
      now: () => now,
      monotonicMs: () => now,
      after: (delayMs, task) => {
        if (delayMs === catchUpMs) later.push(task);
        return () => later.splice(later.indexOf(task), 1);
      },
      every: (_ms, task) => {
        tasks.push(task);
        return cancel;
      },
    },
    tick: () => {
      for (const task of tasks) task();
    },
    catchUp: () => {
      for (const task of later) task();
    },
  };
}

function start(yaml: object, removals: readonly Removal[] = []) {
  const stores = createStores(removals);
  const events = { retentionDone: vi.fn(), retentionFailed: vi.fn() };
  const { clock, tick, catchUp } = createHandClock();
  const config = retentionConfigSchema.parse(yaml);
  const retention = createRetention(config, { clock, events, ...stores } as never);
  return { retention, stores, events, tick, catchUp };
}

const removal: Removal = {
  class: 'lines',
  why: 'size',
  since: now - 9 * dayMs,
  until: now - 8 * dayMs,
  rows: 1,
  bytes: 2,
  at: now,
};

test('cuts each class off at its own age', () => {
  const config = retentionConfigSchema.parse({ storiesDays: 90, samplesRawDays: 3 });
  expect(cutOff(config, now)).toEqual({
    store: { linesBefore: now - 184 * dayMs, storiesBefore: now - 90 * dayMs, bytesMax: undefined },
    series: {
      ...{ raw: now - 3 * dayMs, minute: now - 3 * dayMs, fiveMinutes: now - 14 * dayMs, hour: now - 400 * dayMs },
    },
    state: { failoverBefore: now - 400 * dayMs, auditBefore: now - 1096 * dayMs },
  });
});

test('looks at the size of the store between the nights, where a bound is given', async () => {
  const { retention, stores, events, tick } = start({ bytesMax: storeBytesMin }, [removal]);
  tick();
  await vi.waitFor(() => expect(events.retentionDone).toHaveBeenCalledWith([removal]));
  expect(stores.store.applyRetention).toHaveBeenCalledWith({ bytesMax: storeBytesMin }, now);
  expect(stores.series.applyRetention).not.toHaveBeenCalled();
  await retention.stop();
  const unbound = start({});
  unbound.tick();
  expect(unbound.stores.store.applyRetention).not.toHaveBeenCalled();
  await unbound.retention.stop();
});

test('one run at a time; a failed one is said and the next one runs', async () => {
  const { retention, stores, events, tick } = start({ bytesMax: storeBytesMin });
  let fail: (error: Error) => void = () => {};
  stores.store.applyRetention.mockImplementationOnce(() => new Promise((_, reject) => (fail = reject)));
  tick();
  tick();
  expect(stores.store.applyRetention).toHaveBeenCalledTimes(1);
  fail(new Error('no'));
  await vi.waitFor(() => expect(events.retentionFailed).toHaveBeenCalledTimes(1));
  await vi.waitFor(() => {
    tick();
    expect(stores.store.applyRetention).toHaveBeenCalledTimes(2);
  });
  await retention.stop();
});

test('soon after the start it removes what came of age while control was down, and after what runs', async () => {
  const { retention, stores, events, tick, catchUp } = start({ bytesMax: storeBytesMin }, [removal]);
  let finish: (removals: Removal[]) => void = () => {};
  stores.store.applyRetention.mockImplementationOnce(() => new Promise((resolve) => (finish = resolve)));
  tick();
  catchUp();
  expect(stores.store.applyRetention).toHaveBeenCalledTimes(1);
  finish([]);
  await vi.waitFor(() => expect(stores.series.applyRetention).toHaveBeenCalledTimes(1));
  const { store, series } = cutOff(retentionConfigSchema.parse({ bytesMax: storeBytesMin }), now);
  expect(stores.store.applyRetention.mock.calls).toEqual([
    [{ bytesMax: storeBytesMin }, now],
    [store, now],
  ]);
  expect(stores.series.applyRetention).toHaveBeenCalledWith(series, now);
  expect(events.retentionDone).toHaveBeenCalledWith([removal]);
  await retention.stop();
  catchUp();
  expect(stores.series.applyRetention).toHaveBeenCalledTimes(1);
});

test('warns of lines that were removed before the law allows, and tells all that was removed, the newest first', async () => {
  const lawful = { ...removal, why: 'age' as const, until: now - 184 * dayMs, at: now - 1 };
  const { retention } = start({ bytesMax: storeBytesMin }, [lawful, removal]);
  const answer = await retention.read();
  expect(answer).toMatchObject({
    storeBytes: 7,
    seriesBytes: 5,
    stateBytes: 3,
    bytesMax: storeBytesMin,
    removals: [removal, lawful],
  });
  expect(answer.warnings).toEqual([
    expect.stringMatching(/^The store was larger than retention\.bytesMax, so lines up to/),
  ]);
  await retention.stop();
  const calm = start({}, [lawful]);
  expect((await calm.retention.read()).warnings).toEqual([]);
  await calm.retention.stop();
});

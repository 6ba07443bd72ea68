import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Clock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { createFamilyBoard, single } from './family.ts';
import { createSamplers, type Sampler } from './sampler.ts';

/** Time that passes when the test says so. */
function createHandClock() {
  let now = 1_000_000;
  let timers: { at: number; task: () => void; everyMs: number | undefined }[] = [];
  const set = (delayMs: number, task: () => void, everyMs?: number) => {
    const timer = { at: now + delayMs, task, everyMs };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };
  const clock: Clock = {
    now: () => now,
    monotonicMs: () => now,
    after: (delayMs, task) => set(delayMs, task),
    every: (periodMs, task) => set(periodMs, task, periodMs),
  };
  const advance = async (ms: number) => {
    const until = now + ms;
    for (;;) {
      const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      now = next.at;
      if (next.everyMs === undefined) timers = timers.filter((other) => other !== next);
      else next.at += next.everyMs;
      next.task();
      // Lets what the task began run on until it waits for time or for the outside.
      await new Promise<void>((done) => setImmediate(done));
    }
    now = until;
  };
  return { clock, advance, timers: () => timers.length };
}

function setUp(samplers: readonly Sampler[]) {
  const registry = new Registry();
  const hand = createHandClock();
  const all = createSamplers(samplers, {
    clock: hand.clock,
    log: createLog({ process: 'test', level: 'silent' }),
    show: createFamilyBoard(registry).show,
  });
  return { registry, all, ...hand };
}

const fine = (name: string, cadenceMs = 1000): Sampler & { runs: () => number } => {
  let runs = 0;
  const sample = async () => [single(`test_${name}`, 'gauge', 'A test.', ++runs)];
  return { name, cadenceMs, limitMs: 500, sample, runs: () => runs };
};

test('each sampler runs on its own cadence', async () => {
  const [quick, slow] = [fine('quick', 1000), fine('slow', 60_000)];
  const { all, advance, registry } = setUp([quick, slow]);
  all.start();
  await advance(120_000);
  expect(quick.runs()).toBe(121);
  expect(slow.runs()).toBe(2);
  expect(await registry.metrics()).toContain('test_quick 121\n');
  await all.stop();
});

test('a failure is counted, hides what is no longer known, and stops nobody else', async () => {
  let isBroken = false;
  const broken: Sampler = {
    name: 'broken',
    cadenceMs: 1000,
    limitMs: 500,
    sample: async () => {
      if (isBroken) throw new Error('no such disk');
      return [single('test_broken', 'gauge', 'A test.', 1)];
    },
  };
  const other = fine('other');
  const { all, registry, clock, advance } = setUp([broken, other]);
  await all.runAll();
  expect(await registry.metrics()).toContain('test_broken 1');
  const successAt = clock.now();
  isBroken = true;
  await advance(5000);
  await all.runAll();
  await all.runAll();
  expect(await registry.metrics()).not.toContain('test_broken');
  expect(all.reports().get('broken')).toMatchObject({ errors: 2, lastSuccessAt: successAt });
  expect(all.reports().get('other')).toMatchObject({ errors: 0, lastSuccessAt: clock.now() });
  isBroken = false;
  await all.runAll();
  expect(await registry.metrics()).toContain('test_broken 1');
});

test('a problem with a part is counted, and the rest is shown', async () => {
  const partly: Sampler = {
    name: 'partly',
    cadenceMs: 1000,
    limitMs: 500,
    sample: async (_signal, problem) => {
      problem(new Error('one of two'));
      return [single('test_rest', 'gauge', 'A test.', 1)];
    },
  };
  const { all, registry } = setUp([partly]);
  await all.runAll();
  expect(await registry.metrics()).toContain('test_rest 1');
  expect(all.reports().get('partly')).toMatchObject({ errors: 1, lastSuccessAt: undefined });
});

test('a run beyond its limit fails once, is aborted, and is not started again while it hangs', async () => {
  let runs = 0;
  let release: (() => void) | undefined;
  let aborted = false;
  const hanging: Sampler = {
    name: 'hanging',
    cadenceMs: 1000,
    limitMs: 500,
    sample: (signal) => {
      runs++;
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise((resolve) => {
        release = () => resolve([single('test_late', 'gauge', 'A test.', 1)]);
      });
    },
  };
  const quick = fine('quick');
  const { all, registry, advance } = setUp([hanging, quick]);
  all.start();
  await advance(10_000);
  expect(runs).toBe(1);
  expect(aborted).toBe(true);
  expect(all.reports().get('hanging')?.errors).toBe(1);
  expect(quick.runs()).toBeGreaterThanOrEqual(9);
  release?.();
  await new Promise<void>((done) => setImmediate(done));
  expect(await registry.metrics()).not.toContain('test_late');
  await advance(1000);
  expect(runs).toBe(2);
  release?.();
  await all.stop();
});

test('stop ends all timers', async () => {
  const { all, advance, timers } = setUp([fine('one'), fine('two')]);
  all.start();
  await advance(10_000);
  await all.stop();
  expect(timers()).toBe(0);
});

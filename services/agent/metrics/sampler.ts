// What measures and when: each sampler has its own cadence and time limit, and none can stop or hold up another.

import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Family } from './family.ts';

/**
 * One thing to measure. What is not known is left out of the answer. A throw says why nothing is known; `problem` says that
 * a part is not, and what is known is shown all the same.
 */
export type Sampler = {
  readonly name: string;
  readonly cadenceMs: number;
  /** After this the signal aborts and the run counts as failed. */
  readonly limitMs: number;
  readonly sample: (signal: AbortSignal, problem: (error: unknown) => void) => Promise<readonly Family[]>;
};

/** First runs are spread over this time, so that a start is no burst of work. */
const startSpreadMs = 5_000;

export type SamplerReport = {
  readonly errors: number;
  readonly lastSuccessAt: number | undefined;
  readonly lastDurationMs: number | undefined;
};

/**
 * Runs samplers on their cadences and hands every result to `show`; after a failure the sampler's families are shown as
 * absent, since an old value would be a wrong one. A run that outlives its limit is failed at once, but the next one waits
 * until it has really ended: a file system that hangs takes one thread, not one more each cadence.
 */
export function createSamplers(
  samplers: readonly Sampler[],
  deps: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly show: (owner: string, families: readonly Family[]) => void;
  },
): {
  readonly start: () => void;
  /** Runs every sampler once, now, and waits for all; for tests and for a first full answer. */
  readonly runAll: () => Promise<void>;
  readonly reports: () => ReadonlyMap<string, SamplerReport>;
  readonly stop: () => Promise<void>;
} {
  const { clock, log, show } = deps;
  const reportsByName = new Map<string, SamplerReport>();
  const messageByName = new Map<string, string>();
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  const cancels: Array<() => void> = [];
  for (const { name } of samplers)
    reportsByName.set(name, { errors: 0, lastSuccessAt: undefined, lastDurationMs: undefined });

  function note(name: string, error: unknown): void {
    const report = reportsByName.get(name);
    reportsByName.set(name, {
      errors: (report?.errors ?? 0) + 1,
      lastSuccessAt: report?.lastSuccessAt,
      lastDurationMs: report?.lastDurationMs,
    });
    const message = error instanceof Error ? error.message : String(error);
    // The counter tells how often; the log tells a cause once, until it changes or has been away.
    if (messageByName.get(name) !== message) log.warn({ sampler: name, err: error }, 'a sampler failed');
    messageByName.set(name, message);
  }

  function fail(name: string, error: unknown): void {
    note(name, error);
    show(name, []);
  }

  async function runOnce(sampler: Sampler): Promise<void> {
    const { name, limitMs } = sampler;
    const limit = new AbortController();
    const signal = AbortSignal.any([limit.signal, stopping.signal]);
    const startedAt = clock.monotonicMs();
    let late = false;
    const cancelLimit = clock.after(limitMs, () => {
      late = true;
      limit.abort(new Error(`no answer within ${limitMs} ms`));
      fail(name, limit.signal.reason);
    });
    try {
      let isWhole = true;
      const families = await sampler.sample(signal, (error) => {
        isWhole = false;
        note(name, error);
      });
      if (late || stopping.signal.aborted) return;
      show(name, families);
      if (isWhole) messageByName.delete(name);
      const report = reportsByName.get(name);
      reportsByName.set(name, {
        errors: report?.errors ?? 0,
        lastSuccessAt: isWhole ? clock.now() : report?.lastSuccessAt,
        lastDurationMs: clock.monotonicMs() - startedAt,
      });
    } catch (error) {
      if (!late && !stopping.signal.aborted) fail(name, error);
    } finally {
      cancelLimit();
    }
  }

  function run(sampler: Sampler): Promise<void> {
    const already = running.get(sampler.name);
    if (already !== undefined) return already;
    const work = runOnce(sampler).finally(() => running.delete(sampler.name));
    running.set(sampler.name, work);
    return work;
  }

  return {
    start: () => {
      samplers.forEach((sampler, at) => {
        const firstMs = Math.min(sampler.cadenceMs, (startSpreadMs * at) / Math.max(1, samplers.length));
        const cancelFirst = clock.after(firstMs, () => {
          void run(sampler);
          cancels.push(clock.every(sampler.cadenceMs, () => void run(sampler)));
        });
        cancels.push(cancelFirst);
      });
    },
    runAll: async () => {
      await Promise.all(samplers.map(run));
    },
    reports: () => reportsByName,
    stop: async () => {
      for (const cancel of cancels.splice(0)) cancel();
      stopping.abort(new Error('stopping'));
      await Promise.allSettled(running.values());
    },
  };
}

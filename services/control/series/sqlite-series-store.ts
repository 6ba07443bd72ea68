// The embedded SeriesStore: one SQLite file, one thread that writes it and one that answers questions, none of it on the
// event loop. The reader starts with the first question: a control that nobody asks does without its memory.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../protocol/errors.ts';
import type { Removal, StoreRemovals } from '../../protocol/retention.ts';
import type { Logger } from '../../runtime/log.ts';
import { createWorkerCalls, type WorkerCalls } from '../store/sqlite/worker-calls.ts';
import { defaultSeriesBounds, type SeriesBounds, type SeriesStore } from './series-store.ts';

export const seriesStoreLimits = {
  /** Compressed bytes of scrapes handed in and not yet kept; more is refused with `overloaded`. */
  waitingBytesMax: 16 * 1024 * 1024,
  /** Questions that wait for the reader. */
  waitingReadsMax: 64,
} as const;

/** Heap of each worker; the names of all series that are heard of take most of it. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };

/**
 * Opens or creates the store in `dataDir`, which the caller has to itself.
 * @throws AppError `store-failed` when the file was written by a newer release or cannot be opened.
 */
export async function createSqliteSeriesStore(
  config: { readonly dataDir: string; readonly bounds?: SeriesBounds },
  deps: {
    readonly log: Pick<Logger, 'error'>;
    /** A thread has ended with a fault: the store is of no use any more. */
    readonly onCrash?: (error: unknown) => void;
  },
): Promise<SeriesStore> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const workerData = { path: join(config.dataDir, 'series.sqlite'), bounds: config.bounds ?? defaultSeriesBounds };
  const startWorker = (name: string): WorkerCalls =>
    createWorkerCalls(
      new Worker(new URL(`./sqlite/${name}.worker.ts`, import.meta.url), { workerData, name, resourceLimits }),
      (error) => {
        deps.log.error({ err: error, worker: name }, 'the store of samples failed');
        deps.onCrash?.(error);
      },
    );
  const writer = startWorker('series-writer');
  // The writer creates the file; a reader that came first would find none.
  await writer.call('open', []);
  let reader: WorkerCalls | undefined;
  let waitingBytes = 0;
  let waitingReads = 0;

  async function ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (waitingReads >= seriesStoreLimits.waitingReadsMax)
      throw new AppError('overloaded', 'More is asked of the samples than can be answered now.', {
        hint: 'Try again.',
      });
    waitingReads += 1;
    reader ??= startWorker('series-reader');
    try {
      return await reader.call<T>(method, args);
    } finally {
      waitingReads -= 1;
    }
  }

  return {
    write: async (envelope, body, receivedAt) => {
      const bytes = body.byteLength;
      if (waitingBytes > 0 && waitingBytes + bytes > seriesStoreLimits.waitingBytesMax)
        throw new AppError('overloaded', 'More samples come in than can be kept now.', {
          hint: 'Send them again later.',
        });
      waitingBytes += bytes;
      try {
        // A view of a larger buffer must not take its neighbours along.
        const own = bytes === body.buffer.byteLength ? body : body.slice();
        return await writer.call('write', [envelope, own, receivedAt], [own.buffer]);
      } finally {
        waitingBytes -= bytes;
      }
    },
    readRange: (range) => ask('readRange', range),
    listNames: () => ask('listNames'),
    readRemovals: () => ask<StoreRemovals>('readRemovals'),
    applyRetention: async (policy, now) => {
      while (!(await writer.call<boolean>('retentionStep', [policy, now])));
      const { removals } = await ask<StoreRemovals>('readRemovals');
      return removals.filter((removal: Removal) => removal.at === now);
    },
    stop: async () => {
      await Promise.allSettled([reader?.call('stop', []), writer.call('stop', [])]);
      await Promise.all([reader?.ended, writer.ended]);
    },
  };
}

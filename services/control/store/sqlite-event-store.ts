// The embedded EventStore: one SQLite file, one thread that writes it, one that answers questions and one that draws reports,
// none of it on the event loop.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../protocol/errors.ts';
import type { StoreRemovals } from '../../protocol/retention.ts';
import type { Logger } from '../../runtime/log.ts';
import type { EventStore } from './event-store.ts';
import { createReportThread } from './sqlite/report-thread.ts';
import type { RetentionChunk } from './sqlite/retention.ts';
import { createWorkerCalls } from './sqlite/worker-calls.ts';

export const sqliteStoreLimits = {
  /** Compressed bytes handed in and not yet durable; more is refused with `overloaded`. */
  waitingBytesMax: 64 * 1024 * 1024,
  /** Questions that wait for the reader. */
  waitingReadsMax: 256,
} as const;

/** Heap of each worker. What a worker holds is bounded well below; a tight heap keeps what is dead from piling up. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 24 };

/**
 * Opens or creates the store in `dataDir`.
 * @throws AppError `store-failed` when the file was written by a newer release or cannot be opened.
 */
export async function createSqliteEventStore(
  config: { readonly dataDir: string },
  deps: {
    readonly log: Pick<Logger, 'error'>;
    /** A thread that writes or answers has ended with a fault: the store is of no use any more. Reports start anew instead. */
    readonly onCrash?: (error: unknown) => void;
  },
): Promise<EventStore> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const workerData = { path: join(config.dataDir, 'events.sqlite') };
  const createWorker = (name: string) =>
    new Worker(new URL(`./sqlite/${name}.worker.ts`, import.meta.url), { workerData, name, resourceLimits });
  const crashed = (name: string) => (error: unknown) =>
    deps.log.error({ err: error, worker: name }, 'the store failed');
  const startWorker = (name: string) =>
    createWorkerCalls(createWorker(name), (error) => {
      crashed(name)(error);
      deps.onCrash?.(error);
    });
  const writer = startWorker('writer');
  // The writer creates the file; a reader that came first would find none.
  await writer.call('setTails', [{}]);
  const reader = startWorker('reader');
  const reports = createReportThread(() => createWorker('report'), crashed('report'));
  let waitingBytes = 0;
  let waitingReads = 0;

  async function ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (waitingReads >= sqliteStoreLimits.waitingReadsMax)
      throw new AppError('overloaded', 'More is asked of the store than it can answer now.', { hint: 'Try again.' });
    waitingReads += 1;
    try {
      return await reader.call<T>(method, args);
    } finally {
      waitingReads -= 1;
    }
  }

  return {
    ingest: async (envelope, body) => {
      const bytes = body.byteLength;
      if (waitingBytes > 0 && waitingBytes + bytes > sqliteStoreLimits.waitingBytesMax)
        throw new AppError('overloaded', 'More lines come in than the disk can take now.', {
          hint: 'Send the batch again later.',
        });
      waitingBytes += bytes;
      try {
        // A view of a larger buffer must not take its neighbours along.
        const own = bytes === body.buffer.byteLength ? body : body.slice();
        return await writer.call('ingest', [envelope, own], [own.buffer]);
      } finally {
        waitingBytes -= bytes;
      }
    },
    setTails: (filters) => {
      writer
        .call('setTails', [filters])
        .catch((error: unknown) => deps.log.error({ err: error }, 'the tails were not set'));
    },
    searchStories: (query) => ask('searchStories', query),
    countStories: (query, countMax) => ask('countStories', query, countMax),
    readStory: (id) => ask('readStory', id),
    readFlow: (range) => ask('readFlow', range),
    readDomainFlow: (range) => ask('readDomainFlow', range),
    readQueue: () => ask('readQueue'),
    readReport: (request) => reports.read(request),
    readUnparsed: (request) => reports.readUnparsed(request),
    readCompleteness: (range) => ask('readCompleteness', range),
    readOffsets: (node) => ask('readOffsets', node),
    applyRetention: async (policy, now) => {
      let hasRemoved = false;
      for (let isDone = false; !isDone; ) {
        const chunk = await writer.call<RetentionChunk>('retentionStep', [policy, now]);
        isDone = chunk.isDone;
        hasRemoved ||= chunk.hasRemoved;
      }
      if (!hasRemoved) return [];
      const { removals } = await ask<StoreRemovals>('readRemovals');
      return removals.filter(({ at }) => at === now);
    },
    readRemovals: () => ask('readRemovals'),
    stop: async () => {
      await Promise.allSettled([reader.call('stop', []), reports.stop(), writer.call('stop', [])]);
      await Promise.all([reader.ended, writer.ended]);
    },
  };
}

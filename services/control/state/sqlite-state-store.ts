// The embedded StateStore: one SQLite file and one thread, which starts with the first write, or with the first question where the
// file exists: a control without lease groups does without its memory.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../protocol/errors.ts';
import type { Removal, StoreRemovals } from '../../protocol/retention.ts';
import type { Logger } from '../../runtime/log.ts';
import { createWorkerCalls, type WorkerCalls } from '../store/sqlite/worker-calls.ts';
import { type StateStore, stateStoreLimits } from './state-store.ts';

const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };
const none: StoreRemovals = { bytes: 0, removals: [] };

/** Opens or creates the store in `dataDir`, which the caller has to itself. A fault of its file shows with the first call. */
export async function createSqliteStateStore(
  config: { readonly dataDir: string; readonly entriesMax?: number },
  deps: {
    readonly log: Pick<Logger, 'error'>;
    /** The thread has ended with a fault: the store is of no use any more. */
    readonly onCrash?: (error: unknown) => void;
  },
): Promise<StateStore> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const path = join(config.dataDir, 'state.sqlite');
  const { entriesMax = stateStoreLimits.entriesMax } = config;
  let calls: WorkerCalls | undefined;
  let waiting = 0;

  async function call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (waiting >= stateStoreLimits.waitingMax)
      throw new AppError('overloaded', 'More is asked of the store of state than can be done now.', {
        hint: 'Try again.',
      });
    waiting += 1;
    calls ??= createWorkerCalls(
      new Worker(new URL('./sqlite/state.worker.ts', import.meta.url), {
        ...{ workerData: { path, entriesMax }, name: 'state', resourceLimits },
      }),
      (error) => {
        deps.log.error({ err: error }, 'the store of state failed');
        deps.onCrash?.(error);
      },
    );
    try {
      return await calls.call<T>(method, args);
    } finally {
      waiting -= 1;
    }
  }
  const ask = async <T>(empty: T, method: string, ...args: readonly unknown[]): Promise<T> =>
    calls === undefined && !existsSync(path) ? empty : call<T>(method, ...args);

  return {
    readWords: () => ask([], 'readWords'),
    keepWords: (node, words) =>
      words.length === 0 ? ask(undefined, 'keepWords', node, []) : call('keepWords', node, words),
    addEntries: (message) => call('addEntries', message),
    readEntries: (range) => ask([], 'readEntries', range),
    writeAudit: (record) => call('writeAudit', record),
    readAudit: (range) => ask([], 'readAudit', range),
    applyRetention: async (policy, now) => {
      while (!(await ask(true, 'retentionStep', policy, now)));
      const { removals } = await ask(none, 'readRemovals');
      return removals.filter((removal: Removal) => removal.at === now);
    },
    readRemovals: () => ask(none, 'readRemovals'),
    stop: async () => {
      if (calls === undefined) return;
      await calls.call('stop', []).catch(() => {});
      await calls.ended;
    },
  };
}

import type { Worker } from 'node:worker_threads';
import { AppError } from '../../../protocol/errors.ts';
import type { Report } from '../../../protocol/report.ts';
import type { Unparsed } from '../../../protocol/unparsed.ts';
import type { ReportRequest, UnparsedRequest } from '../event-store.ts';
import { createWorkerCalls, type WorkerCalls } from './worker-calls.ts';

/** Reports that are drawn or wait for the one before. */
export const reportsWaitingMax = 4;

export type ReportThread = {
  /** @throws AppError `overloaded`, `too-large`. */
  readonly read: (request: ReportRequest) => Promise<Report>;
  /** @throws AppError `overloaded`. */
  readonly readUnparsed: (request: UnparsedRequest) => Promise<Unparsed>;
  /** At once, whatever is being read: nothing is written there. */
  readonly stop: () => Promise<void>;
};

/** One report after the other, in a thread that starts with the first. */
export function createReportThread(startWorker: () => Worker, onCrash: (error: unknown) => void): ReportThread {
  let running: { readonly worker: Worker; readonly calls: WorkerCalls } | undefined;
  let waiting = 0;

  function start(): WorkerCalls {
    const worker = startWorker();
    const calls = createWorkerCalls(worker, onCrash);
    const own = { worker, calls };
    running = own;
    // A thread that ran out of memory is gone; the next report gets a new one.
    calls.ended.then(() => {
      if (running === own) running = undefined;
    });
    return calls;
  }

  async function ask<Answer>(method: string, request: unknown): Promise<Answer> {
    if (waiting >= reportsWaitingMax)
      throw new AppError('overloaded', `${reportsWaitingMax} reports are being drawn already.`, {
        hint: 'Try again.',
      });
    waiting += 1;
    try {
      return await (running?.calls ?? start()).call<Answer>(method, [request]);
    } finally {
      waiting -= 1;
    }
  }

  return {
    read: (request) => ask('report', request),
    readUnparsed: (request) => ask('unparsed', request),
    stop: async () => {
      await running?.worker.terminate();
    },
  };
}

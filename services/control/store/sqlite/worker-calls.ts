// Calls from the event loop into a worker and their answers: one message each way, failures as data.
import type { Worker } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../../../protocol/errors.ts';

export type Call = { readonly id: number; readonly method: string; readonly args: readonly unknown[] };
export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly hint?: string;
    };

export function answerOf(id: number, error: unknown): Answer {
  if (error instanceof AppError)
    return {
      id,
      ok: false,
      code: error.code,
      detail: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  const detail = error instanceof Error ? error.message : String(error);
  return { id, ok: false, code: 'store-failed', detail: `The store failed: ${detail}` };
}

export type WorkerCalls = {
  readonly call: <T>(method: string, args: readonly unknown[], transfer?: readonly ArrayBuffer[]) => Promise<T>;
  /** Resolves when the worker has ended by itself. */
  readonly ended: Promise<void>;
};

/** `onCrash` hears of a fault that ended the worker; every open call fails then, and every later one. */
export function createWorkerCalls(worker: Worker, onCrash: (error: unknown) => void): WorkerCalls {
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: AppError) => void }>();
  let nextId = 1;
  let gone: AppError | undefined;
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      gone ??= new AppError('store-failed', 'The store is closed.');
      for (const call of open.values()) call.reject(gone);
      open.clear();
      resolve();
    });
  });
  worker.on('error', (error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    gone = new AppError('store-failed', `The store ended with a fault: ${detail}`, { cause: error });
    onCrash(error);
  });
  worker.on('message', (answer: Answer) => {
    const call = open.get(answer.id);
    open.delete(answer.id);
    if (call === undefined) return;
    if (answer.ok) call.resolve(answer.value as never);
    else call.reject(new AppError(answer.code, answer.detail, answer.hint === undefined ? {} : { hint: answer.hint }));
  });
  return {
    call: (method, args, transfer = []) =>
      new Promise((resolve, reject) => {
        if (gone !== undefined) return reject(gone);
        const call: Call = { id: nextId, method, args };
        nextId += 1;
        open.set(call.id, { resolve, reject });
        worker.postMessage(call, [...transfer]);
      }),
    ended,
  };
}

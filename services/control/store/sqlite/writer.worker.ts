// The one thread that writes. Batches that wait are committed together: one flush to disk for all of them.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { AppError } from '../../../protocol/errors.ts';
import type { BatchEnvelope } from '../../../protocol/ingest.ts';
import type { TailFilter } from '../../../protocol/live.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { giveBack } from '../../../runtime/give-back.ts';
import type { RetentionPolicy } from '../event-store.ts';
import { createRetentionStep } from './retention.ts';
import { claimStore, openForWriting } from './schema.ts';
import { createStoreWriter, type ReadyBatch, readBatch } from './store-writer.ts';
import { answerOf, type Call } from './worker-calls.ts';

const groupLimits = {
  /** A group is committed when it has this much, whatever still waits. */
  batchesMax: 64,
  rawBytesMax: 4 * 1024 * 1024,
} as const;

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const { path } = workerData as { path: string };
const claim = claimStore(path);
const db = openForWriting(path);
const writer = createStoreWriter(db, systemClock);
const retentionStep = createRetentionStep(db, { forgetRemoved: writer.forgetRemoved });

type Waiting = { readonly id: number; readonly batch: ReadyBatch };

function ingestGroup(first: Call): Call | undefined {
  const group: Waiting[] = [];
  let bytes = 0;
  let next: Call | undefined = first;
  while (next !== undefined && next.method === 'ingest') {
    const { id, args } = next;
    try {
      const body = args[1] as Uint8Array;
      const batch = readBatch(args[0] as BatchEnvelope, body);
      giveBack(body);
      group.push({ id, batch });
      bytes += batch.raw.length;
    } catch (error) {
      port?.postMessage(answerOf(id, error));
    }
    next = undefined;
    if (group.length < groupLimits.batchesMax && bytes < groupLimits.rawBytesMax) next = take();
  }
  try {
    const reports = writer.ingest(group.map(({ batch }) => batch));
    for (const [at, { id }] of group.entries()) {
      const report = reports[at];
      port?.postMessage(report instanceof AppError ? answerOf(id, report) : { id, ok: true, value: report });
    }
  } catch (error) {
    for (const { id } of group) port?.postMessage(answerOf(id, error));
  }
  for (const { batch } of group) giveBack(batch.raw);
  return next;
}

function take(): Call | undefined {
  if (port === null) return undefined;
  return receiveMessageOnPort(port)?.message as Call | undefined;
}

function handle(call: Call): void {
  let next: Call | undefined = call;
  while (next !== undefined) {
    if (next.method === 'ingest') {
      next = ingestGroup(next);
      continue;
    }
    const { id, method, args } = next;
    next = undefined;
    try {
      port?.postMessage({ id, ok: true, value: run(method, args) });
    } catch (error) {
      port?.postMessage(answerOf(id, error));
    }
  }
}

function run(method: string, args: readonly unknown[]): unknown {
  switch (method) {
    case 'setTails':
      return writer.setTails(args[0] as Readonly<Record<string, TailFilter>>);
    case 'retentionStep':
      return retentionStep(args[0] as RetentionPolicy, args[1] as number);
    case 'stop':
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
      claim.release();
      port?.close();
      return undefined;
    default:
      throw new AppError('internal', `The writer knows no ${method}.`);
  }
}

port.on('message', handle);

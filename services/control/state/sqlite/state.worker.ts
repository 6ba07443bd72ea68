// The one thread of the embedded StateStore.
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../../protocol/errors.ts';
import { answerOf, type Call } from '../../store/sqlite/worker-calls.ts';
import { createStateTables, openState } from './state-tables.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const { path, entriesMax } = workerData as { path: string; entriesMax: number };
const db = openState(path);
const tables: Readonly<Record<string, (...args: never[]) => unknown>> = createStateTables(db, { entriesMax });

function run(method: string, args: readonly unknown[]): unknown {
  if (method === 'stop') {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    port?.close();
    return undefined;
  }
  const work = tables[method];
  if (work === undefined) throw new AppError('internal', `The store of state knows no ${method}.`);
  return work(...(args as never[]));
}

port.on('message', ({ id, method, args }: Call) => {
  try {
    port.postMessage({ id, ok: true, value: run(method, args) });
  } catch (error) {
    port.postMessage(answerOf(id, error));
  }
});

// The thread that answers questions about samples, on a connection that can only read.
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../../protocol/errors.ts';
import { createRemovalReader, usedBytes } from '../../store/sqlite/removals.ts';
import { answerOf, type Call } from '../../store/sqlite/worker-calls.ts';
import type { SeriesRange } from '../series-store.ts';
import { createSeriesReader } from './series-reader.ts';
import { openSeriesForReading } from './series-schema.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const db = openSeriesForReading((workerData as { path: string }).path);
const reader = createSeriesReader(db);
const removals = createRemovalReader(db);

function run(method: string, args: readonly unknown[]): unknown {
  switch (method) {
    case 'readRange':
      return reader.readRange(args[0] as SeriesRange);
    case 'listNames':
      return reader.listNames();
    case 'readRemovals':
      return { bytes: usedBytes(db), removals: removals.list() };
    case 'stop':
      db.close();
      port?.close();
      return undefined;
    default:
      throw new AppError('internal', `The reader of samples knows no ${method}.`);
  }
}

port.on('message', ({ id, method, args }: Call) => {
  try {
    // One answer is drawn from one state of the file.
    if (method !== 'stop') db.exec('BEGIN');
    port.postMessage({ id, ok: true, value: run(method, args) });
  } catch (error) {
    port.postMessage(answerOf(id, error));
  } finally {
    if (db.isOpen && db.isTransaction) db.exec('COMMIT');
  }
});

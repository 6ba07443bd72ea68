// The one thread that writes samples.
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../../protocol/errors.ts';
import type { ScrapeEnvelope } from '../../../protocol/series.ts';
import { answerOf, type Call } from '../../store/sqlite/worker-calls.ts';
import type { SeriesBounds, SeriesRetentionPolicy } from '../series-store.ts';
import { createSeriesRetentionStep } from './series-retention.ts';
import { openSeriesForWriting } from './series-schema.ts';
import { createSeriesWriter } from './series-writer.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const { path, bounds } = workerData as { path: string; bounds: SeriesBounds };
const db = openSeriesForWriting(path);
const writer = createSeriesWriter(db, bounds);
const retentionStep = createSeriesRetentionStep(db, { forget: writer.forget });

function run(method: string, args: readonly unknown[]): unknown {
  switch (method) {
    case 'open':
      return undefined;
    case 'write':
      return writer.write(args[0] as ScrapeEnvelope, args[1] as Uint8Array, args[2] as number);
    case 'retentionStep':
      return retentionStep(args[0] as SeriesRetentionPolicy, args[1] as number);
    case 'stop':
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
      port?.close();
      return undefined;
    default:
      throw new AppError('internal', `The writer of samples knows no ${method}.`);
  }
}

port.on('message', ({ id, method, args }: Call) => {
  try {
    port.postMessage({ id, ok: true, value: run(method, args) });
  } catch (error) {
    port.postMessage(answerOf(id, error));
  }
});

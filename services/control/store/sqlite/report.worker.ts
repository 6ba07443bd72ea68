// The thread that draws reports: they read much, and searches shall not wait for them.
import { parentPort, workerData } from 'node:worker_threads';
import type { ReportRequest } from '../event-store.ts';
import { createReportReader } from './report-reader.ts';
import { openForReading } from './schema.ts';
import { answerOf, type Call } from './worker-calls.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const read = createReportReader(openForReading((workerData as { path: string }).path));

port.on('message', ({ id, args }: Call) => {
  try {
    port.postMessage({ id, ok: true, value: read(args[0] as ReportRequest) });
  } catch (error) {
    port.postMessage(answerOf(id, error));
  }
});

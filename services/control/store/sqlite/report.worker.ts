// The thread that draws reports and groups unparsed lines: both read much, and searches shall not wait for them.
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../../protocol/errors.ts';
import type { ReportRequest, UnparsedRequest } from '../event-store.ts';
import { createReportReader } from './report-reader.ts';
import { openForReading } from './schema.ts';
import { createUnparsedReader } from './unparsed-reader.ts';
import { answerOf, type Call } from './worker-calls.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const db = openForReading((workerData as { path: string }).path);
const readReport = createReportReader(db);
const readUnparsed = createUnparsedReader(db);

function run({ method, args }: Call): unknown {
  switch (method) {
    case 'report':
      return readReport(args[0] as ReportRequest);
    case 'unparsed':
      return readUnparsed(args[0] as UnparsedRequest);
    default:
      throw new AppError('internal', `The thread of reports knows no ${method}.`);
  }
}

port.on('message', (call: Call) => {
  try {
    port.postMessage({ id: call.id, ok: true, value: run(call) });
  } catch (error) {
    port.postMessage(answerOf(call.id, error));
  }
});

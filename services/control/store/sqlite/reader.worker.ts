// The thread that answers questions, on a connection that can only read.
import { parentPort, workerData } from 'node:worker_threads';
import type { StoryQuery } from '../../../protocol/api.ts';
import { AppError } from '../../../protocol/errors.ts';
import { systemClock } from '../../../runtime/clock.ts';
import type { DomainFlowRange, FlowRange } from '../event-store.ts';
import { createCompletenessReader, type Interval } from './completeness.ts';
import { createDomainFlowReader } from './domain-flow.ts';
import { createFlowReader } from './flow.ts';
import { createRemovalReader, usedBytes } from './removals.ts';
import { openForReading } from './schema.ts';
import { createSearch } from './search.ts';
import { offsetsOf } from './source-ranges.ts';
import { createStoryReader } from './story-reader.ts';
import { answerOf, type Call } from './worker-calls.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const db = openForReading((workerData as { path: string }).path);
const removals = createRemovalReader(db);
const completeness = createCompletenessReader(db, removals);
const stories = createStoryReader(db, completeness);
const search = createSearch(db, { load: stories.load, completeness, now: systemClock.now });
const readDomainFlow = createDomainFlowReader({ load: stories.load, byKeys: search.byKeys });
const figures = createFlowReader(db, { load: stories.load, now: systemClock.now });
const readOffsets = db.prepare('SELECT source_id, ranges FROM source WHERE node = ?');

function run(method: string, args: readonly unknown[]): unknown {
  switch (method) {
    case 'searchStories':
      return search.list(args[0] as StoryQuery);
    case 'countStories':
      return search.count(args[0] as StoryQuery, args[1] as number);
    case 'readStory':
      return stories.read(args[0] as string);
    case 'readFlow':
      return figures.flow(args[0] as FlowRange);
    case 'readDomainFlow':
      return readDomainFlow(args[0] as DomainFlowRange);
    case 'readQueue':
      return figures.queue();
    case 'readCompleteness':
      return completeness.read(args[0] as Interval);
    case 'readRemovals':
      return { bytes: usedBytes(db), removals: removals.list() };
    case 'readOffsets':
      return readOffsets
        .all(args[0] as string)
        .map((row) => ({ sourceId: String(row.source_id), ...offsetsOf(JSON.parse(String(row.ranges)) as number[]) }));
    default:
      throw new AppError('internal', `The reader knows no ${method}.`);
  }
}

port.on('message', ({ id, method, args }: Call) => {
  if (method === 'stop') {
    db.close();
    port.postMessage({ id, ok: true, value: undefined });
    port.close();
    return;
  }
  try {
    // One answer is drawn from one state of the file.
    db.exec('BEGIN');
    port.postMessage({ id, ok: true, value: run(method, args) });
  } catch (error) {
    port.postMessage(answerOf(id, error));
  } finally {
    if (db.isTransaction) db.exec('COMMIT');
  }
});

// A process that holds a store and feeds it, so that a test can kill it: `node event-store-holder.ts DIRECTORY LINES`.
// It feeds the same log each time, a few batches under way at once, and prints a line of JSON for each acknowledgement.
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { bodyOf } from './event-store-batches.ts';
import { generatedBatches } from './event-store-log.ts';

const [directory = '', lines = '0'] = process.argv.slice(2);
const underWay = 4;
const store = await createSqliteEventStore({ dataDir: directory }, { log: { error: console.error } });
const batches = generatedBatches(Number(lines));

// What is acknowledged already is sent once more: that is what an agent does that died before it noted it.
const stored = new Map<string, number>();
for (const node of new Set(batches.map((batch) => batch.envelope.node)))
  for (const { sourceId, lastOffset } of await store.readOffsets(node)) stored.set(sourceId, lastOffset);
const unsure = batches.filter((batch) => batch.envelope.lastOffset >= (stored.get(batch.envelope.sourceId) ?? 0));

for (let at = 0; at < unsure.length; at += underWay) {
  await Promise.all(
    unsure.slice(at, at + underWay).map(async (batch) => {
      const { ack } = await store.ingest(batch.envelope, bodyOf(batch));
      process.stdout.write(`${JSON.stringify({ ...ack, firstOffset: batch.envelope.firstOffset })}\n`);
    }),
  );
}
await store.stop();

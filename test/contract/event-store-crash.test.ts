// The process that holds the store is killed in the middle of its work, again and again, and started again. In the end every
// line that was handed in is there once, and the stories are those of a store that was never killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { bodyOf } from './event-store-batches.ts';
import { generatedBatches, generatedLines } from './event-store-log.ts';

const lines = 12_000;
const kills = 6;
const log = { error: console.error };
const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mailward-crash-'));
  cleanUp.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function startHolder(directory: string): { child: ChildProcess; acks: AsyncIterator<string> } {
  const holder = join(import.meta.dirname, 'event-store-holder.ts');
  const child = spawn(process.execPath, [holder, directory, String(lines)], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('the holder has no stdout');
  return { child, acks: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

type Ack = { readonly sourceId: string; readonly lastOffset: number };

/** `key` is the whole text of its lines. */
type Told = { readonly key: string; readonly story: unknown; readonly texts: string[] };

/** Everything a reader can see of every story, without the numbers that the order of commits gives. */
async function tellAll(store: EventStore): Promise<Told[]> {
  const told: Told[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.searchStories({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    for (const { id } of page.items) {
      const detail = await store.readStory(id);
      if (detail === undefined) throw new Error(`${id} is listed and not there`);
      const { id: _id, noticeOf, notices, ...story } = detail.story;
      const texts = detail.lines.map((line) => line.text).sort();
      told.push({
        key: texts.join('\n'),
        story: { ...story, isNotice: noticeOf !== undefined, notices: notices?.length },
        texts,
      });
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return told.sort((a, b) => (a.key < b.key ? -1 : 1));
}

test('what was acknowledged outlives SIGKILL, once', async () => {
  const directory = await newDirectory();
  const acknowledged: Ack[] = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    const { child, acks } = startHolder(directory);
    const exit = once(child, 'exit');
    // Each life is a little longer than the one before, and ends while batches are under way.
    for (let count = 0; count < kill * 6; count += 1) {
      const next = await acks.next();
      if (next.done) break;
      acknowledged.push(JSON.parse(next.value) as Ack);
    }
    child.kill('SIGKILL');
    await exit;
    const store = await createSqliteEventStore({ dataDir: directory }, { log });
    const stored = new Map<string, number>();
    for (const node of ['mx1', 'mx2', 'mx3'])
      for (const { sourceId, lastOffset } of await store.readOffsets(node)) stored.set(sourceId, lastOffset);
    await store.stop();
    for (const { sourceId, lastOffset } of acknowledged)
      expect(stored.get(sourceId), `kill ${kill}`).toBeGreaterThanOrEqual(lastOffset);
  }
  const { child } = startHolder(directory);
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);

  const killed = await createSqliteEventStore({ dataDir: directory }, { log });
  cleanUp.push(() => killed.stop());
  const calm = await createSqliteEventStore({ dataDir: await newDirectory() }, { log });
  cleanUp.push(() => calm.stop());
  for (const batch of generatedBatches(lines)) await calm.ingest(batch.envelope, bodyOf(batch));

  const { complete, sources } = await killed.readCompleteness({ since: 0, until: Date.now() });
  expect(complete).toBe(true);
  expect(sources.reduce((sum, source) => sum + source.lines, 0)).toBe(lines);
  const [told, expected] = [await tellAll(killed), await tellAll(calm)];
  expect(told.length).toBeGreaterThan(500);
  const known = new Set(expected.map(({ key }) => key));
  expect(told.filter(({ key }) => !known.has(key))).toEqual([]);
  expect(told).toEqual(expected);

  const inQueues = generatedLines(lines).filter(({ text }) => /: [0-9A-Za-z]{10,}: /.test(text)).length;
  const shown = told.reduce((sum, { texts }) => sum + texts.length, 0);
  expect(shown, 'every line with a queue id is shown in a story').toBeGreaterThanOrEqual(inQueues);
});

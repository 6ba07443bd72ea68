// What an import and an agent bring of the same file at the same time: the store ends up with every byte of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importFiles } from '../../services/agent/import/import-files.ts';
import { surveyFiles } from '../../services/agent/import/survey.ts';
import { createBulkClient } from '../../services/agent/ship/bulk-client.ts';
import { createControlEvents } from '../../services/control/events.ts';
import { createHttpServer } from '../../services/control/http/server.ts';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { batchLimits } from '../../services/protocol/ingest.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { createLog } from '../../services/runtime/log.ts';
import { bodyOf, makeBatch, readMs } from './event-store-batches.ts';

let folder: string;
let store: EventStore;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-store-import-'));
  store = await createSqliteEventStore({ dataDir: join(folder, 'data') }, { log: { error: console.error } });
  stops.push(store.stop);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The store behind its real bulk channel. */
async function serveStore(): Promise<string> {
  const log = createLog({ process: 'test', level: 'silent' });
  const events = createControlEvents({ version: '0.0.0' }, { log });
  const app = await createHttpServer(
    { version: '0.0.0', names: [], consoleFolder: '/nonexistent', inFlightBytesMax: 2 ** 24 },
    { clock: systemClock, store, events, onBatch: () => {}, renderMetrics: events.renderMetrics } as never,
  );
  stops.push(() => app.close());
  return app.listen({ host: '127.0.0.1', port: 0 });
}

const line = (second: number, text: string) =>
  `2026-11-22T10:00:0${second}.000000+00:00 mx1 postfix/smtpd[1]: ${text}\n`;

test.each([
  ['one stretch', [1]],
  ['two stretches', [1, 3]],
])('of a file with a cut line, %s of which an agent stored, every other byte is brought', async (_name, agentHas) => {
  const cut = line(4, 'x'.repeat(batchLimits.lineBytesMax));
  const lines = [line(0, 'zero'), line(1, 'one'), line(2, 'two'), line(3, 'three'), cut, line(5, 'five')];
  const path = join(folder, 'mail.log');
  writeFileSync(path, lines.join(''));
  const news = { onFault: () => {}, onEnd: () => {}, onEmpty: () => {} };
  const look = { node: 'mx1', timeZone: 'UTC', year: undefined, onLooked: () => {} };
  const surveys = await surveyFiles([path], look, news);
  const [{ sourceId, sizeBytes } = { sourceId: '', sizeBytes: 0 }] = surveys;

  const { signal } = new AbortController();
  const events = { requestRetried: (_attempt: number, _waitMs: number, error: unknown) => expect.fail(String(error)) };
  const client = createBulkClient(await serveStore(), { events, random: () => 0, signal });
  // The agent is as far as this when the import has asked already what there is.
  let isFirst = true;
  const late = {
    ...client,
    ship: async (...args: Parameters<typeof client.ship>) => {
      if (isFirst)
        for (const at of agentHas) {
          const firstOffset = lines.slice(0, at).join('').length;
          const batch = makeBatch([(lines[at] ?? '').trimEnd()], { sourceId, firstOffset });
          await store.ingest(batch.envelope, bodyOf(batch));
        }
      isFirst = false;
      return client.ship(...args);
    },
  };
  const options = { node: 'mx1', timeZone: 'UTC', now: readMs };
  const totals = await importFiles(surveys, options, { client: late, news, signal, onProgress: () => {} });
  expect(await store.readOffsets('mx1')).toEqual([{ sourceId, lastOffset: sizeBytes }]);
  const { sources } = await store.readCompleteness({ since: 0, until: readMs });
  expect(sources).toMatchObject([{ state: 'complete', lines: lines.length, gapBytes: 0 }]);
  expect(totals).toMatchObject({ linesStored: lines.length - agentHas.length, filesDone: 1 });
});

// How quickly is a message found in a store of millions of lines? Fills an EventStore from our own generator, then asks for
// whole stories by queue id and message id, for the newest stories of one recipient, and for the first page of a day.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { constants, zstdCompressSync } from 'node:zlib';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import type { StoryQuery } from '../../services/protocol/api.ts';
import { protocolVersion } from '../../services/protocol/version.ts';
import { generateDefaults, generateLog } from './generate-log.ts';

const batchBytes = 1024 * 1024;
const samplesPerKind = 200;
const pagesPerKind = 10;

/** Figures in milliseconds, lines a second and MiB; `p99Ms` is the worst of the three kinds of question. */
export async function run(args: readonly string[]): Promise<object> {
  const options = { json: { type: 'boolean' }, lines: { type: 'string', default: '5000000' } } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const lines = Number(values.lines);
  const directory = await mkdtemp(join(tmpdir(), 'mailward-trace-'));
  try {
    const store = await createSqliteEventStore({ dataDir: directory }, { log: { error: report } });
    const { samples, ingestLinesPerSecond, untilMs } = await fill(store, lines);
    const answers = await askAll(store, samples, untilMs);
    await store.stop();
    const { size } = await stat(join(directory, 'events.sqlite'));
    return {
      lines,
      ...answers,
      ingestLinesPerSecond,
      fileMiB: Math.round(size / 2 ** 20),
      rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Samples = { queueIds: string[]; messageIds: string[]; recipients: string[] };
type Batch = { node: string; text: string; lines: number; firstOffset: number };

function report(...words: unknown[]): void {
  process.stderr.write(`${words.map(String).join(' ')}\n`);
}

/** Lines arrive as they would: each node's own, in batches, a few of them under way. The rate leaves generating out. */
async function fill(store: EventStore, lines: number) {
  const samples: Samples = { queueIds: [], messageIds: [], recipients: [] };
  const tails = new Map<string, Batch>();
  const offsets = new Map<string, number>();
  const ready: Batch[] = [];
  let ingestMs = 0;
  let stored = 0;
  let untilMs = 0;
  const drain = async (): Promise<void> => {
    const bodies = ready.splice(0).map((batch) => ({ batch, body: compress(batch.text) }));
    const began = performance.now();
    await Promise.all(
      bodies.map(async ({ batch, body }) => {
        const rawBytes = Buffer.byteLength(batch.text);
        await store.ingest(
          {
            ...{
              protocolVersion,
              node: batch.node,
              sourceId: `bench-${batch.node}`,
              path: '/var/log/mail.log',
              sequence: 0,
            },
            ...{
              firstOffset: batch.firstOffset,
              lastOffset: batch.firstOffset + rawBytes,
              lines: batch.lines,
              rawBytes,
            },
            ...{ cutBytes: 0, readMs: untilMs + 60_000, timeZone: 'UTC' },
          },
          body,
        );
        stored += batch.lines;
      }),
    );
    ingestMs += performance.now() - began;
    report(`${stored} lines stored, ${Math.round((stored / ingestMs) * 1000)} lines/s so far`);
  };
  const push = (batch: Batch): void => {
    offsets.set(batch.node, batch.firstOffset + Buffer.byteLength(batch.text));
    ready.push(batch);
    tails.delete(batch.node);
  };
  const perStep = 250_000;
  // The generator is synchronous: its log is made in steps of time, each with its own seed, so that the store keeps up.
  let startAt = generateDefaults.startAt;
  for (let made = 0, step = 0; made < lines; made += perStep, step += 1) {
    const truth = generateLog(
      { ...generateDefaults, lines: Math.min(perStep, lines - made), seed: generateDefaults.seed + step, startAt },
      (chunk) => {
        for (const line of chunk.split('\n')) {
          if (line === '') continue;
          const node = line.slice(16, line.indexOf(' ', 16));
          const tail = tails.get(node) ?? { node, text: '', lines: 0, firstOffset: offsets.get(node) ?? 0 };
          tails.set(node, tail);
          tail.text += `${line}\n`;
          tail.lines += 1;
          sample(samples, line);
          if (tail.text.length >= batchBytes) push(tail);
        }
      },
    );
    startAt = truth.lastAt + 1000;
    untilMs = truth.lastAt;
    for (const tail of [...tails.values()]) push(tail);
    await drain();
  }
  return { samples, ingestLinesPerSecond: Math.round((stored / ingestMs) * 1000), untilMs };
}

function compress(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zstdCompressSync(Buffer.from(text), { params: { [constants.ZSTD_c_compressionLevel]: 1 } }));
}

let seen = 0;
/** Every so often a line gives its ids; later ones replace earlier ones, so that all ages are asked for. */
function sample(samples: Samples, line: string): void {
  seen += 1;
  if (seen % 97 !== 0) return;
  const [, queueId, messageId] = /cleanup\[\d+\]: (\w+): message-id=<(.*)>$/.exec(line) ?? [];
  if (queueId !== undefined && messageId !== undefined) {
    put(samples.queueIds, queueId);
    put(samples.messageIds, `<${messageId}>`);
  }
  const recipient = / to=<([^>]+)>, .*status=/.exec(line)?.[1];
  if (recipient !== undefined) put(samples.recipients, recipient);
}

function put(list: string[], value: string): void {
  if (list.length < samplesPerKind) list.push(value);
  else if (seen % 7 === 0) list[seen % samplesPerKind] = value;
}

async function askAll(store: EventStore, samples: Samples, untilMs: number) {
  const wholeStory = async (q: string): Promise<number> => {
    const { items } = await store.searchStories({ q, limit: 1 });
    const detail = items[0] === undefined ? undefined : await store.readStory(items[0].id);
    if (detail === undefined || detail.lines.length === 0) throw new Error(`${q} is stored and was not found`);
    return detail.lines.length;
  };
  const byQueueId = await time(samples.queueIds, wholeStory);
  const byMessageId = await time(samples.messageIds, wholeStory);
  const byRecipient = await time(samples.recipients, async (q) => {
    const { items } = await store.searchStories({ q, limit: 50 });
    if (items.length === 0) throw new Error(`${q} is stored and was not found`);
    return items.length;
  });
  const day = { since: untilMs - 86_400_000, until: untilMs, limit: 50 };
  const domain = samples.recipients[0]?.split('@')[1] ?? '';
  const pages: Record<string, StoryQuery> = {
    none: day,
    expired: { ...day, fate: 'expired' },
    bounced: { ...day, fate: 'bounced' },
    node: { ...day, node: 'mx2' },
    nodeAndFate: { ...day, q: 'node:mx2 fate:deferred' },
    domain: { ...day, q: `@${domain}` },
    domainAndFate: { ...day, q: `@${domain} fate:expired` },
  };
  const pageMs: Record<string, number> = {};
  for (const [name, query] of Object.entries(pages)) {
    const { worst } = await time(
      Array.from({ length: pagesPerKind }, () => query),
      async (one) => {
        return (await store.searchStories(one)).items.length;
      },
    );
    pageMs[name] = worst;
  }
  return {
    p99Ms: Math.max(byQueueId.p99, byMessageId.p99, byRecipient.p99),
    firstPageMs: Math.max(...Object.values(pageMs)),
    byQueueId,
    byMessageId,
    byRecipient,
    pageMs,
  };
}

async function time<T>(inputs: readonly T[], ask: (input: T) => Promise<number>) {
  const took: number[] = [];
  let found = 0;
  for (const input of inputs) {
    const began = performance.now();
    found += await ask(input);
    took.push(performance.now() - began);
  }
  took.sort((a, b) => a - b);
  const at = (share: number): number =>
    Number((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0).toFixed(2));
  return { p50: at(0.5), p99: at(0.99), worst: at(1), perAnswer: Number((found / inputs.length).toFixed(1)) };
}

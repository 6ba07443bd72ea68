// The writing side: a group of batches in one transaction. Lines, stories, lookup, figures and how far each source is
// stored are committed together, so a crash loses nothing that was acknowledged and doubles nothing that is sent again.
import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { type Correlator, createCorrelator, type Loaded } from '../../../logs/correlate.ts';
import { hashKey } from '../../../logs/key-hash.ts';
import { createLineParser } from '../../../logs/parse.ts';
import { storyKeys } from '../../../logs/story-keys.ts';
import { firstSeenAt, isQueued, lastSeenAt, type StoryState } from '../../../logs/story-state.ts';
import { storyFate } from '../../../logs/story-view.ts';
import { AppError } from '../../../protocol/errors.ts';
import { type BatchEnvelope, batchLimits } from '../../../protocol/ingest.ts';
import type { TailFilter } from '../../../protocol/live.ts';
import type { Fate } from '../../../protocol/story.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { addDelays, type DelayHistogram } from '../../delay-counts.ts';
import type { IngestReport } from '../event-store.ts';
import { createLineBlocks } from './line-blocks.ts';
import { createLookupWriter } from './lookup.ts';
import { createMinutes, flowOf } from './minutes.ts';
import { clockAheadMs, createSources, type Stored } from './sources.ts';
import { decodeStory, encodeLines, encodeStory } from './story-codec.ts';
import { createSyslogNames } from './syslog-names.ts';
import { createTail } from './tail.ts';

export const writerLimits = {
  /** Distinct keys of one report's counts; what comes later is counted under its kind alone. */
  countKeysMax: 256,
  /** Stories loaded at start so that later lines find them; the newest are loaded first. */
  restoredStoriesMax: 200_000,
} as const;

/** Log time in which a closed story of the last run is still joined after a restart. */
const restoredSeconds = 3_600;

const newline = 0x0a;

const nothingStored: Stored = { lines: 0, unparsed: 0, suppressed: 0, firstTime: 0, lastTime: 0 };

export type ReadyBatch = { readonly envelope: BatchEnvelope; readonly raw: Buffer };

/** Decompresses and checks; nothing is written yet. @throws AppError `bad-request`, `too-large`. */
export function readBatch(envelope: BatchEnvelope, body: Uint8Array): ReadyBatch {
  let raw: Buffer;
  try {
    // Into one buffer: its end is seen only when there would be room for more.
    const chunkSize = Math.min(envelope.rawBytes, batchLimits.rawBytesMax) + 64;
    raw = zstdDecompressSync(body, { maxOutputLength: batchLimits.rawBytesMax, chunkSize });
  } catch (cause) {
    const isLarge = cause instanceof RangeError;
    throw isLarge
      ? new AppError('too-large', `The batch has more than ${batchLimits.rawBytesMax} bytes of lines.`, { cause })
      : new AppError('bad-request', 'The batch is not compressed with zstd.', { cause });
  }
  if (raw.length !== envelope.rawBytes)
    throw new AppError('bad-request', `The batch holds ${raw.length} bytes, its envelope says ${envelope.rawBytes}.`);
  const lines = countLines(raw);
  if (lines === undefined)
    throw new AppError('bad-request', 'The last line of the batch has no end; a batch holds whole lines.');
  if (lines !== envelope.lines)
    throw new AppError('bad-request', `The batch holds ${lines} lines, its envelope says ${envelope.lines}.`);
  if (envelope.lastOffset < envelope.firstOffset)
    throw new AppError(
      'bad-request',
      `The batch ends at ${envelope.lastOffset}, before it begins at ${envelope.firstOffset}.`,
    );
  return { envelope, raw };
}

/** `undefined` when the last one is not ended: what follows it in the source would be taken for a line of its own. */
function countLines(raw: Buffer): number | undefined {
  let lines = 0;
  let at = 0;
  for (let end = raw.indexOf(newline); end >= 0; end = raw.indexOf(newline, at)) {
    lines += 1;
    at = end + 1;
  }
  return at === raw.length ? lines : undefined;
}

export type StoreWriter = {
  /**
   * Stores the batches in one transaction, durable when this returns. A batch that cannot be accepted has its error in its
   * place. @throws when the database cannot commit: then nothing of the group is stored and memory is as it was stored.
   */
  readonly ingest: (batches: readonly ReadyBatch[]) => (IngestReport | AppError)[];
  readonly setTails: (filters: Readonly<Record<string, TailFilter>>) => void;
  /** Lines and sources were removed from the file. */
  readonly forgetRemoved: () => void;
};

export function createStoreWriter(db: DatabaseSync, clock: Pick<Clock, 'now' | 'monotonicMs'>): StoreWriter {
  const tail = createTail();
  let state = createState(db, clock.now());
  return {
    setTails: tail.setFilters,
    forgetRemoved: () => state.forgetRemoved(),
    ingest: (batches) => {
      tail.begin(clock.monotonicMs());
      db.exec('BEGIN IMMEDIATE');
      try {
        const reports = batches.map((batch) => {
          try {
            return state.ingest(readByNow(batch, clock.now()), tail);
          } catch (error) {
            if (error instanceof AppError) return error;
            throw error;
          }
        });
        state.flush();
        db.exec('COMMIT');
        return reports;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        // What is in memory is ahead of what is stored: begin again from there.
        state = createState(db, clock.now());
        throw error;
      }
    },
  };
}

/** The batch as read now where its agent's clock is ahead: what was read in a time to come would be kept until then. */
function readByNow({ envelope, raw }: ReadyBatch, now: number): ReadyBatch {
  return { envelope: { ...envelope, readMs: Math.min(envelope.readMs, now + clockAheadMs) }, raw };
}

/** Everything in memory that mirrors the file, as at `now`. */
function createState(db: DatabaseSync, now: number) {
  const blocks = createLineBlocks(db);
  const minutes = createMinutes(db);
  const sources = createSources(db);
  const stories = createStories(db, now);
  const names = createSyslogNames(db);
  const putMeta = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');

  function storeLines(
    batch: ReadyBatch,
    source: number,
    bytes: Buffer,
    counts: Map<string, number>,
    delays: Map<string, DelayHistogram>,
    tail: Tail,
  ): Stored {
    const { envelope } = batch;
    const latestTime = envelope.readMs + clockAheadMs;
    const parser = createLineParser({
      now: envelope.readMs,
      timeZone: envelope.timeZone,
      syslogNames: names.of(envelope),
    });
    const stored: Stored = { lines: 0, unparsed: 0, suppressed: 0, firstTime: 0, lastTime: 0 };
    blocks.append(
      { no: source, timeZone: envelope.timeZone, readMs: envelope.readMs },
      bytes,
      (text, block, firstIndex) => {
        let index = firstIndex;
        let lastTime = 0;
        for (let at = 0; at < text.length; index += 1) {
          const newline = text.indexOf('\n', at);
          const end = newline < 0 ? text.length : newline;
          const line = text.slice(at, end);
          at = end + 1;
          const event = parser.parse(line);
          if (event.time > lastTime) lastTime = Math.min(event.time, latestTime);
          if (stored.firstTime === 0) stored.firstTime = event.time;
          minutes.add(source, event.time, 'lines', 1);
          countLine(counts, event);
          addDelays(delays, event);
          if (event.kind === 'unparsed') {
            stored.unparsed += 1;
            minutes.add(source, event.time, 'unparsed', 1);
          }
          const { suppressed } = event;
          if (suppressed !== undefined) {
            stored.suppressed += suppressed;
            minutes.add(source, event.time, 'suppressed', suppressed);
          }
          const flow = flowOf(event);
          if (flow !== undefined) minutes.add(source, event.time, flow, 1);
          if (stories.correlator.apply(event, envelope.node, { block, index }))
            minutes.add(source, event.time, 'accepted', 1);
          if (envelope.isPast !== true) tail.offer(envelope.node, event, line);
        }
        const lines = index - firstIndex;
        stored.lines += lines;
        stored.lastTime = Math.max(stored.lastTime, lastTime);
        return { lines, lastTime };
      },
    );
    return stored;
  }

  return {
    ingest: (batch: ReadyBatch, tail: Tail): IngestReport => {
      const { envelope, raw } = batch;
      const source = sources.of(envelope);
      const claim = sources.claim(source, envelope);
      const { sourceId, lastOffset } = envelope;
      if (claim.fresh.length === 0 && claim.gap !== undefined) {
        sources.record(source, nothingStored, envelope, claim.gap);
        sources.keep(source, claim);
        const gapBytes = claim.gap.last - claim.gap.first;
        return { ack: { result: 'stored', sourceId, lastOffset }, counts: {}, gapBytes };
      }
      if (claim.fresh.length === 0) {
        sources.countDuplicate(source);
        minutes.add(source.no, source.lastTime || envelope.readMs, 'duplicates', 1);
        return { ack: { result: 'duplicate', sourceId, lastOffset }, counts: {}, gapBytes: 0 };
      }
      const counts = new Map<string, number>();
      const delays = new Map<string, DelayHistogram>();
      for (let at = 0; at + 1 < claim.fresh.length; at += 2) {
        const [from, to] = [claim.fresh[at] ?? 0, claim.fresh[at + 1] ?? 0];
        const isWhole = from === envelope.firstOffset && to === envelope.lastOffset;
        const bytes = isWhole ? raw : raw.subarray(from - envelope.firstOffset, to - envelope.firstOffset);
        const stored = storeLines(batch, source.no, bytes, counts, delays, tail);
        sources.record(source, stored, envelope, claim.gap);
      }
      sources.keep(source, claim);
      const gapBytes = claim.gap === undefined ? 0 : claim.gap.last - claim.gap.first;
      const tails = tail.take();
      return {
        ack: { result: 'stored', sourceId, lastOffset },
        counts: Object.fromEntries(counts),
        gapBytes,
        ...(delays.size === 0 ? {} : { delays: Object.fromEntries(delays) }),
        ...(tails === undefined ? {} : { tails }),
      };
    },
    forgetRemoved: () => {
      blocks.closeAll();
      sources.forget();
    },
    flush: () => {
      blocks.flush();
      minutes.flush();
      sources.flush();
      stories.flush();
      putMeta.run('sessions', JSON.stringify(stories.correlator.saveSessions()));
      putMeta.run('nextStory', stories.correlator.nextNo());
    },
  };
}

type Tail = ReturnType<typeof createTail>;

function countLine(counts: Map<string, number>, event: ReturnType<ReturnType<typeof createLineParser>['parse']>): void {
  const key = `${event.kind}|${event.software ?? ''}|${event.service ?? ''}|${event.kind === 'delivery' ? (event.status ?? '') : ''}`;
  const known = counts.get(key);
  if (known !== undefined) counts.set(key, known + 1);
  else if (counts.size < writerLimits.countKeysMax) counts.set(key, 1);
  else {
    const other = `${event.kind}|||`;
    counts.set(other, (counts.get(other) ?? 0) + 1);
  }
}

/** The correlator with its stories in the file, those that lines of `now` may join in memory. */
function createStories(db: DatabaseSync, now: number): { readonly correlator: Correlator; readonly flush: () => void } {
  const lookup = createLookupWriter(db);
  const read = db.prepare('SELECT merged_into, body, lines FROM story WHERE no = ?');
  const put = db.prepare(
    'INSERT OR REPLACE INTO story (no, first_s, last_s, fate, open, merged_into, body, lines) VALUES (?, ?, ?, ?, ?, NULL, ?, ?)',
  );
  const merge = db.prepare(
    `INSERT OR REPLACE INTO story (no, first_s, last_s, fate, open, merged_into, body, lines)
     VALUES (?, ?, ?, '', 0, ?, NULL, NULL)`,
  );
  // Keys that are in the lookup already, so that a story that changes often is not indexed anew each time.
  const indexed = new WeakMap<StoryState, { firstSecond: number; hashes: Set<number> }>();
  const secondOf = (time: number): number => Math.floor(time / 1000);

  function remember(story: StoryState, fate: Fate): void {
    const hashes = new Set<number>();
    for (const key of storyKeys(story, fate)) hashes.add(hashKey(key));
    indexed.set(story, { firstSecond: secondOf(firstSeenAt(story)), hashes });
  }

  function load(no: number): Loaded | undefined {
    const row = read.get(no);
    if (row === undefined) return undefined;
    if (row.merged_into !== null) return { mergedInto: Number(row.merged_into) };
    const story = decodeStory(no, String(row.body), row.lines as Uint8Array);
    remember(story, storyFate(story));
    return story;
  }

  const metaOf = (name: string): unknown => db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.value;
  const correlator = createCorrelator({ nextNo: Number(metaOf('nextStory') ?? 1) }, { load });
  // A line may claim a time to come: that is not where the log stands.
  const newestUntil = db.prepare('SELECT max(last_s) AS s FROM story WHERE last_s <= ?');
  const newest = Number(newestUntil.get(secondOf(now))?.s ?? 0);
  const joinable = db.prepare(
    `SELECT no, body, lines FROM story WHERE (open = 1 OR last_s >= ?) AND merged_into IS NULL ORDER BY last_s DESC LIMIT ?`,
  );
  for (const row of joinable.iterate(newest - restoredSeconds, writerLimits.restoredStoriesMax))
    correlator.restore(decodeStory(Number(row.no), String(row.body), row.lines as Uint8Array));
  const sessions = metaOf('sessions');
  if (typeof sessions === 'string') correlator.restoreSessions(JSON.parse(sessions));

  return {
    correlator,
    flush: () => {
      const { changed, merged } = correlator.drain();
      for (const story of changed) {
        const firstSecond = secondOf(firstSeenAt(story));
        const fate = storyFate(story);
        const known = indexed.get(story);
        const isMoved = known !== undefined && known.firstSecond !== firstSecond;
        const hashes = known === undefined || isMoved ? new Set<number>() : known.hashes;
        for (const key of storyKeys(story, fate)) {
          const hash = hashKey(key);
          if (hashes.has(hash)) continue;
          hashes.add(hash);
          lookup.add(hash, story.no, firstSecond);
        }
        indexed.set(story, { firstSecond, hashes });
        const isOpen = story.legs.some(isQueued) ? 1 : 0;
        put.run(
          story.no,
          firstSecond,
          secondOf(lastSeenAt(story)),
          fate,
          isOpen,
          encodeStory(story),
          encodeLines(story.lines),
        );
      }
      const mergedSecond = changed.reduce((most, story) => Math.max(most, secondOf(lastSeenAt(story))), 0);
      for (const { no, into } of merged) merge.run(no, mergedSecond, mergedSecond, into);
      lookup.flush();
    },
  };
}

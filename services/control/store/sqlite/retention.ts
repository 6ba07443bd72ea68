// Deletes what is older than its class may be, and the oldest of all when the disk is full, in chunks, so that ingest goes
// on in between. Each chunk is one transaction with its entry on record.
import type { DatabaseSync } from 'node:sqlite';
import type { Removal } from '../../../protocol/retention.ts';
import type { RetentionPolicy } from '../event-store.ts';
import { createRemovalReader, createRemovalWriter, usedBytes } from './removals.ts';
import { bucketsMax } from './schema.ts';
import { clockAheadMs } from './sources.ts';

export const retentionLimits = {
  /** Rows of one transaction: about 10 MiB of blocks, or a few ms of stories and minutes. */
  blocksPerChunk: 256,
  storiesPerChunk: 2_000,
  minutesPerChunk: 5_000,
  /** A full disk gives up its oldest lines in smaller steps, so that little more goes than must. */
  blocksPerChunkBySize: 32,
  pagesPerChunk: 4_096,
  /** Once above the bound, so much of it is used afterwards: a removal is not followed by the next at once. */
  usedAfterwards: 0.95,
} as const;

/** Stories live up to this much longer than they were young: a segment goes only when all its stories must be gone. */
const longestStorySeconds = 7 * 86_400;
/** A source without lines is remembered for this long: its file may be on the node's disk still. */
const sourceRestMs = 31 * 86_400_000;
const minuteMs = 60_000;

export type RetentionChunk = { readonly hasRemoved: boolean; readonly isDone: boolean };

/** One chunk; call again until `isDone`. `forgetRemoved` hears of it when lines or sources are gone. */
export function createRetentionStep(
  db: DatabaseSync,
  deps: { readonly forgetRemoved: () => void },
): (policy: RetentionPolicy, now: number) => RetentionChunk {
  const note = createRemovalWriter(db);
  const removals = createRemovalReader(db);
  const dropBlocks = createBlockRemoval(db);
  const boundStories = createStoryBound(db);
  const dropStories = createStoryRemoval(db);
  const dropSegment = createSegmentRemoval(db);
  const dropFigures = createFigureRemoval(db);
  const dropSources = createSourceRemoval(db);
  let isTooLarge = false;

  type Chunk = { readonly removed: Removed; readonly name: 'lines' | 'stories'; readonly why: Removal['why'] };

  /** The first thing that is to be removed; `undefined` when nothing is. */
  function removeSome(policy: RetentionPolicy, now: number): Chunk | 'unnamed' | undefined {
    const { linesBefore = 0, storiesBefore = 0 } = policy;
    if (boundStories(now)) return 'unnamed';
    const byAge = dropBlocks(linesBefore, retentionLimits.blocksPerChunk);
    if (byAge !== undefined) return { removed: byAge, name: 'lines', why: 'age' };
    const stories = dropStories(storiesBefore);
    if (stories !== undefined) return { removed: stories, name: 'stories', why: 'age' };
    // What the disk had no room for is gone with everything that is as old.
    const linesGone = removals.until('lines', 'size');
    const asOld = dropStories(linesGone);
    if (asOld !== undefined) return { removed: asOld, name: 'stories', why: 'size' };
    if (dropSegment(Math.max(storiesBefore, linesGone))) return 'unnamed';
    if (dropFigures(Math.max(linesBefore, linesGone)) || dropSources(linesBefore - sourceRestMs)) return 'unnamed';
    if (!isTooLarge) return undefined;
    const oldest = dropBlocks(Number.MAX_SAFE_INTEGER, retentionLimits.blocksPerChunkBySize);
    return oldest === undefined ? undefined : { removed: oldest, name: 'lines', why: 'size' };
  }

  return (policy, now) => {
    const { bytesMax = Number.POSITIVE_INFINITY } = policy;
    const used = usedBytes(db);
    isTooLarge = used > bytesMax * (isTooLarge ? retentionLimits.usedAfterwards : 1);
    db.exec('BEGIN IMMEDIATE');
    try {
      const chunk = removeSome(policy, now);
      if (chunk !== undefined && chunk !== 'unnamed')
        note({ class: chunk.name, why: chunk.why, ...chunk.removed, at: now });
      db.exec('COMMIT');
      if (chunk === undefined) return { hasRemoved: false, isDone: true };
      deps.forgetRemoved();
      db.exec(`PRAGMA incremental_vacuum(${retentionLimits.pagesPerChunk})`);
      return { hasRemoved: true, isDone: false };
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
}

type Removed = { readonly since: number; readonly until: number; readonly rows: number; readonly bytes: number };

function createBlockRemoval(db: DatabaseSync): (before: number, rowsMax: number) => Removed | undefined {
  // A block is as old as its reading (of lines of the past that is the time of the latest), whatever its lines claim: those of
  // a machine without a clock are no older than the day that they came, those of a time to come no younger. The highest number
  // stays, lest another block get it: stories point to blocks by number.
  const old = db.prepare(
    `SELECT no, lines, length(data) AS bytes, min(last_time, read_ms) AS time FROM block
     WHERE read_ms < ? AND no < (SELECT max(no) FROM block) ORDER BY read_ms, last_time LIMIT ?`,
  );
  const drop = db.prepare('DELETE FROM block WHERE no = ?');
  return (before, rowsMax) => {
    const rows = old.all(before, rowsMax);
    for (const row of rows) drop.run(Number(row.no));
    return sumOf(rows.map((row) => ({ time: Number(row.time), rows: Number(row.lines), bytes: Number(row.bytes) })));
  };
}

/** A story of a time to come would be kept until then, and a segment that finds one: they age from the first run that sees them. */
function createStoryBound(db: DatabaseSync): (now: number) => boolean {
  const bound = db.prepare(
    'UPDATE story SET last_s = ? WHERE no IN (SELECT no FROM story WHERE last_s > ? ORDER BY last_s LIMIT ?)',
  );
  const boundSegments = db.prepare('UPDATE segment SET max_s = ? WHERE max_s > ?');
  return (now) => {
    const second = Math.floor(now / 1000);
    const latestSecond = second + clockAheadMs / 1000;
    const stories = bound.run(second, latestSecond, retentionLimits.storiesPerChunk);
    const segments = boundSegments.run(second, latestSecond);
    return Number(stories.changes) + Number(segments.changes) > 0;
  };
}

function createStoryRemoval(db: DatabaseSync): (before: number) => Removed | undefined {
  const old = db.prepare(
    `SELECT no, last_s, coalesce(length(body), 0) + coalesce(length(lines), 0) AS bytes, merged_into
     FROM story WHERE last_s < ? ORDER BY last_s LIMIT ?`,
  );
  const drop = db.prepare('DELETE FROM story WHERE no = ?');
  return (before) => {
    const beforeSecond = Math.floor(before / 1000);
    const rows = old.all(beforeSecond, retentionLimits.storiesPerChunk);
    for (const row of rows) drop.run(Number(row.no));
    return sumOf(
      rows.map((row) => ({
        time: Number(row.last_s) * 1000,
        rows: row.merged_into === null ? 1 : 0,
        bytes: Number(row.bytes),
      })),
    );
  };
}

/** What finds stories, a segment at a time: each has up to a million entries. */
function createSegmentRemoval(db: DatabaseSync): (before: number) => boolean {
  const old = db.prepare('SELECT no FROM segment WHERE max_s < ? ORDER BY max_s LIMIT 1');
  const dropPages = db.prepare('DELETE FROM posting WHERE page >= ? AND page < ?');
  const drop = db.prepare('DELETE FROM segment WHERE no = ?');
  return (before) => {
    const no = old.get(Math.floor(before / 1000) - longestStorySeconds)?.no;
    if (no === undefined) return false;
    dropPages.run(Number(no) * bucketsMax, (Number(no) + 1) * bucketsMax);
    drop.run(Number(no));
    return true;
  };
}

/** Figures by the minute, and gaps; the sums that stand with each source stay the sums of what is kept. */
function createFigureRemoval(db: DatabaseSync): (before: number) => boolean {
  const boundary = db.prepare('SELECT minute FROM minute WHERE minute < ? ORDER BY minute LIMIT 1 OFFSET ?');
  const oldest = db.prepare('SELECT 1 FROM minute WHERE minute < ? LIMIT 1');
  const sums = db.prepare(
    `SELECT source, sum(lines) AS lines, sum(unparsed) AS unparsed, sum(suppressed) AS suppressed, sum(duplicates) AS duplicates
     FROM minute WHERE minute < ? GROUP BY source`,
  );
  const lessen = db.prepare(
    `UPDATE source SET lines = max(0, lines - ?), unparsed = max(0, unparsed - ?), suppressed = max(0, suppressed - ?),
       duplicates = max(0, duplicates - ?) WHERE no = ?`,
  );
  const drop = db.prepare('DELETE FROM minute WHERE minute < ?');
  const dropGaps = db.prepare('DELETE FROM gap WHERE until < ?');
  return (before) => {
    const beforeMinute = Math.floor(before / minuteMs);
    if (oldest.get(beforeMinute) === undefined) return false;
    const last = boundary.get(beforeMinute, retentionLimits.minutesPerChunk);
    const end = last === undefined ? beforeMinute : Number(last.minute) + 1;
    for (const { lines, unparsed, suppressed, duplicates, source } of sums.all(end))
      lessen.run(Number(lines), Number(unparsed), Number(suppressed), Number(duplicates), Number(source));
    drop.run(end);
    dropGaps.run(end * minuteMs);
    return true;
  };
}

/** Sources that were last heard of before, and whose lines are gone. */
function createSourceRemoval(db: DatabaseSync): (before: number) => boolean {
  const drop = db.prepare(
    `DELETE FROM source WHERE last_time > 0 AND last_time < ? AND lines = 0 AND no < (SELECT max(no) FROM source)
       AND no NOT IN (SELECT source FROM block INDEXED BY block_by_read)`,
  );
  const dropGaps = db.prepare('DELETE FROM gap WHERE source NOT IN (SELECT no FROM source)');
  return (before) => {
    const { changes } = drop.run(before);
    if (Number(changes) > 0) dropGaps.run();
    return Number(changes) > 0;
  };
}

function sumOf(rows: readonly { time: number; rows: number; bytes: number }[]): Removed | undefined {
  if (rows.length === 0) return undefined;
  return {
    since: rows.reduce((least, row) => Math.min(least, row.time), Number.POSITIVE_INFINITY),
    until: rows.reduce((most, row) => Math.max(most, row.time), 0),
    rows: rows.reduce((sum, row) => sum + row.rows, 0),
    bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
  };
}

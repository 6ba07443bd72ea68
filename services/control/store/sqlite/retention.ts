// Deletes what is older than its class may be, in chunks, so that ingest goes on in between.
import type { DatabaseSync } from 'node:sqlite';
import type { RetentionPolicy, RetentionReport } from '../event-store.ts';
import { bucketsMax } from './schema.ts';

export const retentionLimits = {
  /** Rows of one transaction: about 50 MiB of blocks, or a few ms of stories. */
  blocksPerChunk: 256,
  storiesPerChunk: 2_000,
  pagesPerChunk: 4_096,
} as const;

/** Stories live up to this much longer than they were young: a segment goes only when all its stories must be gone. */
const longestStorySeconds = 7 * 86_400;

export type RetentionChunk = RetentionReport & { readonly isDone: boolean };

/** One chunk; call again until `isDone`. */
export function createRetentionStep(db: DatabaseSync): (policy: RetentionPolicy) => RetentionChunk {
  const oldBlocks = db.prepare('SELECT no, lines, length(data) AS bytes FROM block WHERE last_time < ? LIMIT ?');
  const dropBlock = db.prepare('DELETE FROM block WHERE no = ?');
  const oldStories = db.prepare(
    'SELECT no, coalesce(length(body), 0) + coalesce(length(lines), 0) AS bytes, merged_into FROM story WHERE last_s < ? LIMIT ?',
  );
  const dropStory = db.prepare('DELETE FROM story WHERE no = ?');
  const oldSegment = db.prepare('SELECT no FROM segment WHERE max_s < ? LIMIT 1');
  const dropPages = db.prepare('DELETE FROM posting WHERE page >= ? AND page < ?');
  const dropSegment = db.prepare('DELETE FROM segment WHERE no = ?');
  const dropMinutes = db.prepare('DELETE FROM minute WHERE minute < ?');
  const dropGaps = db.prepare('DELETE FROM gap WHERE until < ?');

  function deleteSome({ linesBefore, storiesBefore }: RetentionPolicy): RetentionChunk {
    let [lines, stories, bytes] = [0, 0, 0];
    let isDone = true;
    if (linesBefore !== undefined) {
      const rows = oldBlocks.all(linesBefore, retentionLimits.blocksPerChunk);
      for (const row of rows) {
        dropBlock.run(Number(row.no));
        lines += Number(row.lines);
        bytes += Number(row.bytes);
      }
      isDone = rows.length < retentionLimits.blocksPerChunk;
    }
    if (storiesBefore !== undefined) {
      const before = Math.floor(storiesBefore / 1000);
      const rows = oldStories.all(before, retentionLimits.storiesPerChunk);
      for (const row of rows) {
        dropStory.run(Number(row.no));
        bytes += Number(row.bytes);
        if (row.merged_into === null) stories += 1;
      }
      const segment = oldSegment.get(before - longestStorySeconds);
      if (segment !== undefined) {
        dropPages.run(Number(segment.no) * bucketsMax, (Number(segment.no) + 1) * bucketsMax);
        dropSegment.run(Number(segment.no));
      }
      isDone = isDone && rows.length < retentionLimits.storiesPerChunk && segment === undefined;
      if (isDone) {
        dropMinutes.run(Math.floor(storiesBefore / 60_000));
        dropGaps.run(storiesBefore);
      }
    }
    return { lines, stories, bytes, isDone };
  }

  return (policy) => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const chunk = deleteSome(policy);
      db.exec('COMMIT');
      db.exec(`PRAGMA incremental_vacuum(${retentionLimits.pagesPerChunk})`);
      return chunk;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
}

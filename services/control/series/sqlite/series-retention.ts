// Deletes samples that are older than their resolution is kept, in chunks, so that scrapes come in between.
import type { DatabaseSync } from 'node:sqlite';
import type { Resolution } from '../../../protocol/series.ts';
import { createRemovalWriter } from '../../store/sqlite/removals.ts';
import { type SeriesRetentionPolicy, sampleClasses } from '../series-store.ts';
import { rollupMs } from './series-schema.ts';

export const seriesRetentionLimits = {
  /** Rows of one transaction, a few MiB. */
  rowsPerChunk: 500,
  /** Series of one transaction: small rows. */
  seriesPerChunk: 5_000,
  pagesPerChunk: 2_048,
} as const;

const tables = { raw: 'scrape', minute: 'minute', fiveMinutes: 'fiveMinutes', hour: 'hour' } as const satisfies Record<
  Resolution,
  string
>;
const resolutions = Object.keys(tables) as Resolution[];

/** One chunk; call again until it returns true. `forget` hears that series are gone. */
export function createSeriesRetentionStep(
  db: DatabaseSync,
  deps: { readonly forget: () => void },
): (policy: SeriesRetentionPolicy, now: number) => boolean {
  const note = createRemovalWriter(db);
  const statements = resolutions.map((resolution) => ({
    resolution,
    widthMs: resolution === 'raw' ? 1 : rollupMs[resolution],
    old: db.prepare(`SELECT no, time, length(data) AS bytes FROM ${tables[resolution]} WHERE time < ? LIMIT ?`),
    drop: db.prepare(`DELETE FROM ${tables[resolution]} WHERE no = ?`),
  }));
  const dropSeries = db.prepare('DELETE FROM series WHERE no IN (SELECT no FROM series WHERE last_time < ? LIMIT ?)');
  const dropNodes = db.prepare(
    'DELETE FROM node WHERE NOT EXISTS (SELECT 1 FROM series WHERE series.node = node.no) AND NOT EXISTS (SELECT 1 FROM scrape WHERE scrape.node = node.no)',
  );

  function deleteSome(policy: SeriesRetentionPolicy, now: number): boolean {
    for (const { resolution, widthMs, old, drop } of statements) {
      const rows = old.all(policy[resolution], seriesRetentionLimits.rowsPerChunk);
      if (rows.length === 0) continue;
      let [since, until, bytes] = [Number.POSITIVE_INFINITY, 0, 0];
      for (const row of rows) {
        drop.run(Number(row.no));
        since = Math.min(since, Number(row.time));
        until = Math.max(until, Number(row.time) + widthMs - 1);
        bytes += Number(row.bytes);
      }
      note({ class: sampleClasses[resolution], why: 'age', since, until, rows: rows.length, bytes, at: now });
      return false;
    }
    // A series that nothing is kept of any more; its last time may lag by an hour.
    const { seriesPerChunk } = seriesRetentionLimits;
    const dropped = Number(dropSeries.run(Math.min(...Object.values(policy)) - 2 * 3_600_000, seriesPerChunk).changes);
    if (dropped > 0) {
      dropNodes.run();
      deps.forget();
    }
    return dropped < seriesPerChunk;
  }

  return (policy, now) => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const isDone = deleteSome(policy, now);
      db.exec('COMMIT');
      db.exec(`PRAGMA incremental_vacuum(${seriesRetentionLimits.pagesPerChunk})`);
      return isDone;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
}

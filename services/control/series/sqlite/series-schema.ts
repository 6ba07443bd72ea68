// The file of the embedded SeriesStore. Written by one worker, read by another; WAL lets both go on.
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../../protocol/errors.ts';
import type { Resolution } from '../../../protocol/series.ts';
import { removalTable } from '../../store/sqlite/removals.ts';

const schemaVersion = 1;

/** Length of a bucket; each is a multiple of the one before. */
export const rollupMs = {
  minute: 60_000,
  fiveMinutes: 300_000,
  hour: 3_600_000,
} as const satisfies Partial<Record<Resolution, number>>;
export type Rollup = keyof typeof rollupMs;
export const rollups = ['minute', 'fiveMinutes', 'hour'] as const satisfies readonly Rollup[];

const tables = `
CREATE TABLE node (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, newest INTEGER NOT NULL);
-- 'labels' is JSON, sorted by name. 'last_time' is the node's clock, not exact to the hour.
CREATE TABLE series (
  no INTEGER PRIMARY KEY, node INTEGER NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, kind TEXT NOT NULL,
  last_time INTEGER NOT NULL, UNIQUE (node, name, labels)
);
CREATE INDEX series_by_name ON series (name);
CREATE INDEX series_by_time ON series (last_time);
-- All samples of a node at one time; see columns.ts.
CREATE TABLE scrape (no INTEGER PRIMARY KEY, node INTEGER NOT NULL, time INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (node, time));
CREATE INDEX scrape_by_time ON scrape (time);
-- What retention took away of each resolution; see ../../store/sqlite/removals.ts.
${removalTable}
${rollups
  .map(
    (rollup) => `
CREATE TABLE ${rollup} (
  no INTEGER PRIMARY KEY, node INTEGER NOT NULL, time INTEGER NOT NULL, last_time INTEGER NOT NULL, data BLOB NOT NULL,
  UNIQUE (node, time)
);
CREATE INDEX ${rollup}_by_time ON ${rollup} (time);`,
  )
  .join('')}
`;

/**
 * Opens for writing, and creates what is missing. A commit outlives the process; the last ones may not outlive the power
 * (synchronous=NORMAL), which leaves a hole of seconds and costs the lines beside it no flush of the disk.
 * @throws AppError `store-failed` for a file of a newer release.
 */
export function openSeriesForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  db.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL');
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  db.exec('PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -8192');
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > schemaVersion) {
    db.close();
    throw new AppError(
      'store-failed',
      `${path} was written by a newer release (schema ${version}, this one knows ${schemaVersion}).`,
      { hint: 'Start the newer release, or give another directory.' },
    );
  }
  if (version === 0) db.exec(`BEGIN; ${tables} PRAGMA user_version = ${schemaVersion}; COMMIT`);
  return db;
}

/** Opens for reading; the file exists already. */
export function openSeriesForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  db.exec('PRAGMA cache_size = -8192');
  return db;
}

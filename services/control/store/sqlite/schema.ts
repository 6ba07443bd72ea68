// The file of the embedded EventStore. Written by one worker, read by another; WAL lets both go on.
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../../protocol/errors.ts';
import { removalTable } from './removals.ts';

/** Raised with every change of the tables; a newer file is refused, an older one gets what it lacks. */
export const schemaVersion = 3;

/** Rows of lookup pages: `segment * bucketsMax + bucket`. */
export const bucketsMax = 65_536;

const blockByRead = 'CREATE INDEX block_by_read ON block (read_ms, last_time, source);';

const tables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- One stream of lines. 'ranges' is JSON: the stored byte ranges, ascending and apart, as a flat list.
CREATE TABLE source (
  no INTEGER PRIMARY KEY, node TEXT NOT NULL, source_id TEXT NOT NULL, path TEXT NOT NULL, ranges TEXT NOT NULL,
  lines INTEGER NOT NULL, unparsed INTEGER NOT NULL, suppressed INTEGER NOT NULL,
  duplicates INTEGER NOT NULL, last_time INTEGER NOT NULL, UNIQUE (node, source_id)
);
-- Raw lines, compressed, in their order. Not indexed by content: stories point into them.
CREATE TABLE block (
  no INTEGER PRIMARY KEY, source INTEGER NOT NULL, last_time INTEGER NOT NULL, read_ms INTEGER NOT NULL,
  time_zone TEXT NOT NULL, lines INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX block_by_time ON block (last_time);
${blockByRead}
-- A story that became part of another keeps its number as a signpost ('merged_into').
CREATE TABLE story (
  no INTEGER PRIMARY KEY, first_s INTEGER NOT NULL, last_s INTEGER NOT NULL, fate TEXT NOT NULL, open INTEGER NOT NULL,
  merged_into INTEGER, body TEXT, lines BLOB
);
CREATE INDEX story_by_first ON story (first_s, no) WHERE merged_into IS NULL;
CREATE INDEX story_by_last ON story (last_s);
CREATE INDEX story_open ON story (last_s, first_s) WHERE open = 1;
-- Lookup: immutable segments of postings, merged as they add up; see lookup.ts.
CREATE TABLE segment (
  no INTEGER PRIMARY KEY, level INTEGER NOT NULL, bits INTEGER NOT NULL, entries INTEGER NOT NULL,
  min_s INTEGER NOT NULL, max_s INTEGER NOT NULL
);
CREATE TABLE posting (page INTEGER PRIMARY KEY, entries BLOB NOT NULL);
CREATE TABLE minute (
  minute INTEGER NOT NULL, source INTEGER NOT NULL, lines INTEGER NOT NULL, unparsed INTEGER NOT NULL,
  suppressed INTEGER NOT NULL, duplicates INTEGER NOT NULL, accepted INTEGER NOT NULL, delivered INTEGER NOT NULL,
  deferred INTEGER NOT NULL, bounced INTEGER NOT NULL, rejected INTEGER NOT NULL, PRIMARY KEY (minute, source)
) WITHOUT ROWID;
-- Bytes that were never handed in, between the times of the lines before and after.
CREATE TABLE gap (
  source INTEGER NOT NULL, first_offset INTEGER NOT NULL, last_offset INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, PRIMARY KEY (source, first_offset)
) WITHOUT ROWID;
-- What retention took away.
${removalTable}
`;

/**
 * Opens for writing, and creates what is missing. Commits are durable when they return (synchronous=FULL: the log is on
 * disk before COMMIT ends), so an acknowledged batch outlives the process and the power.
 * @throws AppError `store-failed` for a file of a newer release.
 */
export function openForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  // Only an empty file takes these two.
  db.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL');
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384');
  const version = versionOf(db);
  if (version > schemaVersion) {
    db.close();
    throw new AppError(
      'store-failed',
      `${path} was written by a newer release (schema ${version}, this one knows ${schemaVersion}).`,
      {
        hint: 'Start the newer release, or give another directory.',
      },
    );
  }
  const missing = [tables, `${removalTable}\n${blockByRead}`, blockByRead][version] ?? '';
  if (missing !== '') db.exec(`BEGIN; ${missing} PRAGMA user_version = ${schemaVersion}; COMMIT`);
  return db;
}

/**
 * Claims the store at `path` for this process, by a lock that the system takes back however the process ends. A second writer
 * would number its stories as the first does, and each would write over the other's.
 * @throws AppError `store-failed` when another process holds it.
 */
export function claimStore(path: string): { readonly release: () => void } {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const detail = `Another control process has ${path} open. Stop it, or give another directory with --data-dir`;
    throw new AppError('store-failed', detail, { cause });
  }
  return { release: () => lock.close() };
}

/** Opens for reading; the file exists already. */
export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  // A mapping of the file would count as memory of this process as far as it was looked at.
  db.exec('PRAGMA cache_size = -8192');
  return db;
}

function versionOf(db: DatabaseSync): number {
  const row = db.prepare('PRAGMA user_version').get();
  return typeof row?.user_version === 'number' ? row.user_version : 0;
}

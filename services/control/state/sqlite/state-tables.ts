// The file of the embedded StateStore, and everything that is asked of it. One thread reads and writes: all of it is small.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { HeardWord } from '../../../fleet/failover.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { AuditRecord, LeaseHistoryMessage, ToldEntry } from '../../../protocol/failover.ts';
import type { Removal, StoreRemovals } from '../../../protocol/retention.ts';
import { createRemovalReader, createRemovalWriter, removalTable, usedBytes } from '../../store/sqlite/removals.ts';
import type { EntryRange, StatePolicy } from '../state-store.ts';

const schemaVersion = 1;
const rowsPerChunk = 5_000;
const tables = `
CREATE TABLE lease_word (node TEXT NOT NULL, incarnation TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (node, incarnation));
CREATE TABLE lease_entry (
  no INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, node TEXT NOT NULL, started_at INTEGER NOT NULL, number INTEGER NOT NULL,
  time INTEGER NOT NULL, entry TEXT NOT NULL, UNIQUE (incarnation, node, started_at, number)
);
CREATE INDEX lease_entry_by_group ON lease_entry (incarnation, time);
CREATE INDEX lease_entry_by_time ON lease_entry (time);
CREATE TABLE audit (id TEXT PRIMARY KEY, time INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX audit_by_time ON audit (time);
${removalTable}
`;

/** @throws AppError `store-failed` for a file of a newer release. */
export function openState(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -2048');
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

export function createStateTables(db: DatabaseSync, { entriesMax }: { readonly entriesMax: number }) {
  const note = createRemovalWriter(db);
  const removals = createRemovalReader(db);
  const readWords = db.prepare('SELECT word FROM lease_word ORDER BY node, incarnation');
  const dropWords = db.prepare('DELETE FROM lease_word WHERE node = ?');
  const keepWord = db.prepare('INSERT INTO lease_word (node, incarnation, word) VALUES (?, ?, ?)');
  const addEntry = db.prepare(
    'INSERT OR IGNORE INTO lease_entry (incarnation, node, started_at, number, time, entry) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const readEntries = db.prepare(
    'SELECT entry FROM lease_entry WHERE incarnation = ? AND time < ? ORDER BY time DESC, no DESC LIMIT ?',
  );
  const writeAudit = db.prepare('INSERT OR REPLACE INTO audit (id, time, record) VALUES (?, ?, ?)');
  const readAudit = db.prepare('SELECT record FROM audit WHERE time < ? ORDER BY time DESC, id LIMIT ?');
  const oldEntries = db.prepare(
    'SELECT no, time, length(entry) AS bytes FROM lease_entry WHERE time < ? ORDER BY time LIMIT ?',
  );
  // The order in which they came: the clock of who told them may be any.
  const surplusEntries = db.prepare(
    'SELECT no, time, length(entry) AS bytes FROM lease_entry ORDER BY no LIMIT max(0, min(?2, (SELECT count(*) FROM lease_entry) - ?1))',
  );
  const dropEntry = db.prepare('DELETE FROM lease_entry WHERE no = ?');
  const oldAudit = db.prepare(
    'SELECT rowid AS no, time, length(record) AS bytes FROM audit WHERE time < ? ORDER BY time LIMIT ?',
  );
  const dropAudit = db.prepare('DELETE FROM audit WHERE rowid = ?');

  const countEntries = (): number => Number(db.prepare('SELECT count(*) AS held FROM lease_entry').get()?.held ?? 0);
  /** At least as many as there are; retention takes away what this does not see. */
  let held = countEntries();

  function inTransaction<T>(work: () => T): T {
    db.exec('BEGIN IMMEDIATE');
    try {
      const value = work();
      db.exec('COMMIT');
      return value;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  const parsed = <T>(rows: ReturnType<StatementSync['all']>, column: string): T[] =>
    rows.map((row) => JSON.parse(String(row[column])) as T);

  function dropChunk(
    rows: ReturnType<StatementSync['all']>,
    drop: StatementSync,
    removal: Pick<Removal, 'class' | 'why' | 'at'>,
  ): boolean {
    if (rows.length === 0) return false;
    const times = rows.map((row) => Number(row.time));
    for (const row of rows) drop.run(Number(row.no));
    const bytes = rows.reduce((sum, row) => sum + Number(row.bytes), 0);
    note({ ...removal, since: Math.min(...times), until: Math.max(...times), rows: rows.length, bytes });
    return true;
  }

  return {
    readWords: () => parsed<HeardWord>(readWords.all(), 'word'),
    keepWords: (node: string, words: readonly HeardWord[]) =>
      inTransaction(() => {
        dropWords.run(node);
        for (const word of words) keepWord.run(node, word.status.incarnation, JSON.stringify(word));
      }),
    addEntries: ({ node, incarnation, startedAt, entries }: LeaseHistoryMessage) =>
      inTransaction(() => {
        for (const entry of entries) {
          const told: ToldEntry = { ...entry, node, startedAt };
          const { changes } = addEntry.run(
            ...[incarnation, node, startedAt, entry.number, entry.time, JSON.stringify(told)],
          );
          held += Number(changes);
        }
        // Not left to the next round of retention: whoever tells much could fill the disk until then.
        if (held < entriesMax + rowsPerChunk) return;
        const removal = { class: 'failoverHistory', why: 'size', at: Date.now() } as const;
        dropChunk(surplusEntries.all(entriesMax, rowsPerChunk), dropEntry, removal);
        held = countEntries();
      }),
    readEntries: ({ id, before, limit }: EntryRange) =>
      parsed<ToldEntry>(readEntries.all(id, before ?? Number.MAX_SAFE_INTEGER, limit), 'entry'),
    writeAudit: (record: AuditRecord) => void writeAudit.run(record.id, record.at, JSON.stringify(record)),
    readAudit: ({ before, limit }: { before?: number; limit: number }) =>
      parsed<AuditRecord>(readAudit.all(before ?? Number.MAX_SAFE_INTEGER, limit), 'record'),
    /** One chunk; call again until it returns true. */
    retentionStep: ({ failoverBefore, auditBefore }: StatePolicy, now: number): boolean => {
      const isMore = inTransaction(
        () =>
          dropChunk(oldEntries.all(failoverBefore, rowsPerChunk), dropEntry, {
            ...{ class: 'failoverHistory', why: 'age', at: now },
          }) ||
          dropChunk(surplusEntries.all(entriesMax, rowsPerChunk), dropEntry, {
            ...{ class: 'failoverHistory', why: 'size', at: now },
          }) ||
          dropChunk(oldAudit.all(auditBefore, rowsPerChunk), dropAudit, {
            ...{ class: 'auditActors', why: 'age', at: now },
          }),
      );
      db.exec('PRAGMA incremental_vacuum(512)');
      return !isMore;
    },
    readRemovals: (): StoreRemovals => ({ bytes: usedBytes(db), removals: removals.list() }),
  };
}

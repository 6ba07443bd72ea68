// What retention took away, on record beside what it left: every answer over such an interval can say why it is empty.
import type { DatabaseSync } from 'node:sqlite';
import { type Removal, type RetentionClass, removalLimits, removalSchema } from '../../../protocol/retention.ts';

/** Part of the schema of every store that retention works on. */
export const removalTable = `CREATE TABLE removal (
  no INTEGER PRIMARY KEY, class TEXT NOT NULL, why TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX removal_by_class ON removal (class, until);`;

/** Adds to the record, in the caller's transaction; the chunks of one run (the same `at`) are one removal. */
export function createRemovalWriter(db: DatabaseSync): (removal: Removal) => void {
  const find = db.prepare('SELECT no FROM removal WHERE class = ? AND why = ? AND at = ?');
  const insert = db.prepare(
    'INSERT INTO removal (class, why, since, until, rows, bytes, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const extend = db.prepare(
    'UPDATE removal SET since = min(since, ?), until = max(until, ?), rows = rows + ?, bytes = bytes + ? WHERE no = ?',
  );
  // The newest of each class says how far it is removed; it is never among the oldest.
  const forget = db.prepare('DELETE FROM removal WHERE no <= (SELECT max(no) FROM removal) - ?');
  return ({ class: name, why, since, until, rows, bytes, at }) => {
    const row = find.get(name, why, at);
    if (row === undefined) {
      insert.run(name, why, since, until, rows, bytes, at);
      forget.run(removalLimits.keptMax);
    } else extend.run(since, until, rows, bytes, Number(row.no));
  };
}

export type RemovalReader = {
  /** The newest instant of a class that was removed, for any reason or for one; 0 when nothing was. */
  readonly until: (name: RetentionClass, why?: Removal['why']) => number;
  /** The newest first. */
  readonly list: () => Removal[];
};

export function createRemovalReader(db: DatabaseSync): RemovalReader {
  const newest = db.prepare('SELECT max(until) AS until FROM removal WHERE class = ?');
  const newestFor = db.prepare('SELECT max(until) AS until FROM removal WHERE class = ? AND why = ?');
  const list = db.prepare('SELECT * FROM removal ORDER BY no DESC LIMIT ?');
  return {
    until: (name, why) => Number((why === undefined ? newest.get(name) : newestFor.get(name, why))?.until ?? 0),
    list: () =>
      list.all(removalLimits.listedMax).map((row) => ({
        class: removalSchema.shape.class.parse(row.class),
        why: removalSchema.shape.why.parse(row.why),
        since: Number(row.since),
        until: Number(row.until),
        rows: Number(row.rows),
        bytes: Number(row.bytes),
        at: Number(row.at),
      })),
  };
}

/** Bytes of a database that hold something: what a deletion frees counts no more, be it handed back to the system or not. */
export function usedBytes(db: DatabaseSync): number {
  const read = (pragma: string): number => Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0);
  return (read('page_count') - read('freelist_count')) * read('page_size');
}

// What a node's tags mean, as its agent last said: lines of its past, and lines that are read again, are read by the same.
import type { DatabaseSync } from 'node:sqlite';
import type { BatchEnvelope, SyslogName } from '../../../protocol/ingest.ts';

const keyOf = (node: string): string => `syslogNames ${node}`;

/** The names of one node; none where none were told. */
export function readSyslogNames(db: DatabaseSync, node: string): readonly SyslogName[] {
  const value = db.prepare('SELECT value FROM meta WHERE name = ?').get(keyOf(node))?.value;
  return typeof value === 'string' ? (JSON.parse(value) as SyslogName[]) : [];
}

/** The same for the writer, kept in the transaction of the batch that brings something new. */
export function createSyslogNames(db: DatabaseSync) {
  const put = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  return {
    of: ({ node, syslogNames }: BatchEnvelope): readonly SyslogName[] => {
      const known = readSyslogNames(db, node);
      if (syslogNames === undefined || JSON.stringify(known) === JSON.stringify(syslogNames)) return known;
      put.run(keyOf(node), JSON.stringify(syslogNames));
      return syslogNames;
    },
  };
}

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { createLineMultiset } from './line-multiset.ts';

/** The lines that a control's data folder holds, hashed and sorted. Control must not be running. */
export function hashStoredLines(dataDir: string, linesMax: number): Float64Array {
  const lines = createLineMultiset(linesMax);
  const db = new DatabaseSync(join(dataDir, 'events.sqlite'), { readOnly: true });
  try {
    for (const row of db.prepare('SELECT data FROM block').iterate())
      lines.add(zstdDecompressSync(row.data as Uint8Array));
  } finally {
    db.close();
  }
  return lines.sorted();
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readBlockLines } from '../../services/control/store/sqlite/line-blocks.ts';

/** Every line that a control's data folder holds, and how often. Control must not be running. */
export function countStoredLines(dataDir: string): Map<string, number> {
  const counts = new Map<string, number>();
  const name = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).find((file) =>
    /\.(db|sqlite3?)$/.test(file),
  );
  if (name === undefined) throw new Error(`there is no store in ${dataDir}`);
  const db = new DatabaseSync(join(dataDir, name), { readOnly: true });
  try {
    for (const row of db.prepare('SELECT data FROM block').iterate())
      for (const line of readBlockLines(row.data as Uint8Array)) counts.set(line, (counts.get(line) ?? 0) + 1);
  } finally {
    db.close();
  }
  return counts;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leaseRows } from '../../services/failover/lease/table.ts';
import { runScript } from './script.ts';

const names = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.txt'));
const rowsTaken = new Set<string>();

// `vitest run test/scenarios --update` rewrites the traces; read the diff before you commit it.
test.each(names)('%s', async (name) => {
  const file = join(import.meta.dirname, name);
  const run = runScript(readFileSync(file, 'utf8'));
  for (const id of run.rowsTaken) rowsTaken.add(id);
  await expect(run.text).toMatchFileSnapshot(file);
});

test('every row of the table is taken in some scenario', () => {
  expect(leaseRows.map((row) => row.id).filter((id) => !rowsTaken.has(id))).toEqual([]);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagramMarkers, renderDiagrams, renderTable } from './render.ts';
import { indexRows, leaseRows } from './table.ts';

const goldenFile = join(import.meta.dirname, 'fixtures/table.golden.txt');
const architectureFile = join(import.meta.dirname, '../../../ARCHITECTURE.md');
// `UPDATE=1 vitest run services/failover` rewrites both; read the diff before you commit it.
const isUpdate = process.env.UPDATE === '1';

test('the table is the one that was agreed on', () => {
  const text = renderTable(leaseRows);
  if (isUpdate) writeFileSync(goldenFile, text);
  expect(text).toBe(readFileSync(goldenFile, 'utf8'));
});

test('ARCHITECTURE.md shows the table as it is', () => {
  const page = readFileSync(architectureFile, 'utf8');
  const from = page.indexOf(diagramMarkers.start);
  const to = page.indexOf(diagramMarkers.end) + diagramMarkers.end.length;
  expect(from, 'the markers stand in ARCHITECTURE.md').toBeGreaterThan(0);
  const diagrams = renderDiagrams(leaseRows);
  if (isUpdate) writeFileSync(architectureFile, `${page.slice(0, from)}${diagrams}${page.slice(to)}`);
  expect(isUpdate ? diagrams : page.slice(from, to)).toBe(diagrams);
});

test('rows have ids of their own, named guards and effects, and a whole sentence', () => {
  expect(new Set(leaseRows.map((row) => row.id)).size).toBe(leaseRows.length);
  for (const row of leaseRows) {
    expect(row.guard.name, row.id).not.toBe('');
    for (const effect of row.effects) expect(effect.name, row.id).not.toBe('');
    expect(row.sentence, row.id).toMatch(/^[A-Z].*\.$/);
  }
});

test('every state that a row leads to is one that rows lead out of', () => {
  for (const region of ['vote', 'role', 'guard'] as const) {
    const mine = leaseRows.filter((row) => row.region === region);
    const left = new Set(mine.flatMap((row) => row.from));
    for (const { to, id } of mine) if (to !== 'same' && to !== 'rest') expect(left, id).toContain(to);
  }
});

test('the last row of an event in a state is taken whenever no earlier one is', () => {
  for (const [event, regions] of indexRows(leaseRows)) {
    for (const { rowsByState } of regions) {
      for (const [state, rows] of Object.entries(rowsByState)) {
        const last = rows.at(-1);
        // These events concern a state only under their guard; otherwise nothing happens, and nothing need be said.
        if (['health', 'persisted', 'closed', 'guardDue', 'start'].includes(event)) continue;
        expect(last?.guard.name, `${event} in ${state}`).toBe('always');
      }
    }
  }
});

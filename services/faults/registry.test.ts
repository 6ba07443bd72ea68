import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { benignEvents } from './benign.ts';
import { benignSchema, faultFamilies, faultSchema } from './fault.ts';
import { faultById, faults, impossibleFaults, injectableById } from './registry.ts';

const modesFile = resolve(import.meta.dirname, '../../../shared/data/failure-modes.jsonl');

test('every fault is whole, has a name of its own and names look-alikes that exist', () => {
  expect(faultById.size).toBe(faults.length);
  for (const fault of faults) {
    expect(faultSchema.safeParse(fault).error, fault.id).toBeUndefined();
    for (const lookalike of fault.lookalikes)
      expect(faultById.has(lookalike), `${fault.id} names ${lookalike}`).toBe(true);
    expect(fault.lookalikes, `${fault.id} is its own look-alike`).not.toContain(fault.id);
  }
  expect(impossibleFaults.filter(({ id }) => faultById.has(id))).toEqual([]);
});

test('all 18 families have faults, at least 60 in all, and benign events have names of their own', () => {
  expect(new Set(faults.map(({ family }) => family))).toEqual(new Set(faultFamilies));
  expect(faultFamilies).toHaveLength(18);
  expect(faults.length).toBeGreaterThanOrEqual(60);
  for (const event of benignEvents) expect(benignSchema.safeParse(event).error, event.id).toBeUndefined();
  expect(injectableById.size).toBe(faults.length + benignEvents.length);
});

test.skipIf(!existsSync(modesFile))('every truth is a failure mode of the seed (needs ../shared/data)', () => {
  const lines = readFileSync(modesFile, 'utf8').trimEnd().split('\n');
  const known = new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id));
  const unknown = faults.flatMap(({ id, failureModes }) =>
    failureModes.filter((mode) => !known.has(mode)).map((mode) => `${id}: ${mode}`),
  );
  expect(unknown).toEqual([]);
});

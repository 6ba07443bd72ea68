// The short form of the simulation: fresh seeds, every seed that ever failed, every probe, every mutant.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catchMutant, mutants } from './mutants.ts';
import { probes } from './probes.ts';
import { runMany } from './run-many.ts';
import { runSeed, soundSubject } from './schedule.ts';

const freshSeeds = 50_000;
const mutantSeedsMax = 4_000;

test(`${freshSeeds} fresh seeds show no violation`, { timeout: 600_000 }, () => {
  // Another part of the seeds every time; a failure names its seed, which replays it.
  const offset = Math.floor(Math.random() * 2 ** 32);
  const said: string[] = [];
  const result = runMany({ seeds: freshSeeds, offset, say: (line) => said.push(line) });
  expect(said, 'add the seed to seeds.txt').toEqual([]);
  expect(result.violations).toBe(0);
  expect(result.eventsPerSchedule).toBeGreaterThanOrEqual(300);
  expect(result.ownerChanged).toBeGreaterThanOrEqual(0.5);
  expect(result.lengthAdvertsMin).toBeGreaterThanOrEqual(60);
  expect(result.rowsHit, result.rowsMissed.join(', ')).toBe(result.rows);
  for (const [kind, count] of Object.entries(result.faults)) expect(count, kind).toBeGreaterThan(0);
});

test('every seed that ever failed is well now', () => {
  const seeds = readFileSync(join(import.meta.dirname, 'seeds.txt'), 'utf8').matchAll(/^\d+/gm);
  for (const [seed] of seeds) expect(runSeed(Number(seed), soundSubject).violations, `seed ${seed}`).toEqual([]);
});

test('the same seed gives the same schedule', () => {
  const traces = [0, 1].map(() => {
    const lines: string[] = [];
    runSeed(77, soundSubject, (line) => lines.push(line));
    return lines;
  });
  expect(traces[0]?.length).toBeGreaterThan(300);
  expect(traces[1]).toEqual(traces[0]);
});

test.each(probes)('probe: $name', ({ run }) => {
  expect(run(soundSubject)).toBeUndefined();
});

test('there are at least thirty mutants, each with a name of its own', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(30);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

test.each(mutants)('mutant $name is caught', (mutant) => {
  expect(catchMutant(mutant, mutantSeedsMax), mutant.rule).toBeDefined();
});

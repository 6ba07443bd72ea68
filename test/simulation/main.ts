// `npm run sim -- --seeds N [--offset K] [--seed S] [--mutants] --json`: schedules of the lease machine under faults.
import { parseArgs } from 'node:util';
import { runMutants } from './mutants.ts';
import { runMany } from './run-many.ts';
import { runSeed, soundSubject } from './schedule.ts';

const seedsEnd = 2 ** 32;

function seedOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed < seedsEnd) return seed;
  throw new Error(`--${name} takes a whole number from 0 to ${seedsEnd - 1}, not ${text}`);
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    offset: { type: 'string' },
    seed: { type: 'string' },
    mutants: { type: 'boolean' },
    json: { type: 'boolean' },
  },
});
const one = seedOf(values.seed, 'seed');
const say = (line: string): boolean => process.stderr.write(`${line}\n`);
if (values.mutants === true) {
  const result = runMutants(say);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.survivors.length > 0) process.exitCode = 1;
} else if (one !== undefined) {
  const outcome = runSeed(one, soundSubject, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(
    `${JSON.stringify({ seed: one, violations: outcome.violations, events: outcome.events, moves: outcome.moves })}\n`,
  );
  if (outcome.violations.length > 0) process.exitCode = 1;
} else {
  const seeds = seedOf(values.seeds, 'seeds') ?? 10_000;
  const result = runMany({ seeds, offset: seedOf(values.offset, 'offset') ?? 0, say });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.violations > 0) process.exitCode = 1;
}

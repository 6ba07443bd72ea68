// `npm run fuzz -- [--lines N] [--seed N] [--json]`: prints the faults; the last line with --json is one object.
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const result = fuzz({ lines: Number(values.lines), seed: Number(values.seed) });
process.stderr.write(
  `${result.lines} mutated lines, seed ${result.seed}: ${result.faults.length} faults, slowest line ${result.slowestMs.toFixed(1)} ms\n`,
);
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else for (const fault of result.faults) process.stdout.write(`${fault}\n`);
if (result.faults.length > 0) process.exitCode = 1;

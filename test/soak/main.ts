// `npm run soak -- delivery --kills N [--away-ms MS] --json`: faults for a long time, and what became of every line.
import { parseArgs } from 'node:util';
import { runDelivery } from './delivery.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string' },
    'away-ms': { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const kills = Number(values.kills ?? 10);
if (positionals[0] !== 'delivery' || !Number.isInteger(kills) || kills < 1 || kills > 10_000) {
  process.stderr.write('usage: npm run soak -- delivery --kills N [--away-ms MS] [--seed S] [--json]\n');
  process.exitCode = 2;
} else {
  const awayMs = Number(values['away-ms'] ?? 60_000);
  const seed = Number(values.seed ?? 1);
  const result = await runDelivery({ kills, awayMs, seed, say: (line) => process.stderr.write(`${line}\n`) });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.lost > 0 || result.doubled > 0 || !result.saidComplete) process.exitCode = 1;
}

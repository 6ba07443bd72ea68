// `npm run soak -- delivery --kills N [--away-ms MS] --json`: faults for a long time, and what became of every line.
// `npm run soak -- failover [--cases a,b] [--minutes N] --json`: what operators and bad days do to a group that owns an address.
// `npm run soak -- senders --connections N --json`: senders of syslog and of batches who mean harm, and what others notice.
import { parseArgs } from 'node:util';
import { runDelivery } from './delivery.ts';
import { failoverCases, runFailover } from './failover.ts';
import { runInOwnWorld } from './own-world.ts';
import { runSenders } from './senders.ts';

const usage = `usage: npm run soak -- delivery --kills N [--away-ms MS] [--seed S] [--json]
       npm run soak -- senders [--connections N] [--seconds N] [--seed S] [--json]
       npm run soak -- failover [--cases ${failoverCases.join(',')}] [--minutes N] [--advert-ms A] [--json]
`;
const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ kills: text, 'away-ms': text, connections: text, seconds: text, seed: text, json: { type: 'boolean' } },
    ...{ cases: text, minutes: text, 'advert-ms': text },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const numberOf = (given: string | undefined, otherwise: number): number => Number(given ?? otherwise);
const isCount = (value: number, max: number): boolean => Number.isInteger(value) && value >= 1 && value <= max;

async function run(): Promise<number> {
  const seed = numberOf(values.seed, 1);
  const kills = numberOf(values.kills, 10);
  const connections = numberOf(values.connections, 10_000);
  const seconds = numberOf(values.seconds, 30);
  if (positionals[0] === 'delivery' && isCount(kills, 10_000)) {
    const result = await runDelivery({ kills, awayMs: numberOf(values['away-ms'], 60_000), seed, say });
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.lost > 0 || result.doubled > 0 || !result.saidComplete ? 1 : 0;
  }
  if (positionals[0] === 'senders' && isCount(connections, 15_000) && isCount(seconds, 3600)) {
    const result = await runSenders({ connections, seconds, seed, say });
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.goodLost > 0 ? 1 : 0;
  }
  const names = values.cases?.split(',') ?? failoverCases;
  const minutes = numberOf(values.minutes, 1);
  const advertMs = numberOf(values['advert-ms'], 300);
  const isKnown = names.every((name) => failoverCases.includes(name));
  if (positionals[0] === 'failover' && isKnown && minutes > 0 && minutes <= 600 && isCount(advertMs, 60_000)) {
    const result = await runFailover({ names, minutes, advertMs, say });
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.faults > 0 ? 1 : 0;
  }
  process.stderr.write(usage);
  return 2;
}

process.exitCode = runInOwnWorld() ?? (await run());

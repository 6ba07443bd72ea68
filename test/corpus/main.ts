// `npm run corpus -- [DIR] [--json]`: how much of what other projects assert about mail logs we read the same way.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scoreCorpus } from './score.ts';

const args = process.argv.slice(2);
const isJson = args.includes('--json');
const root = resolve(import.meta.dirname, '../..');
const folder = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(root, '../shared/data/corpora/dev'));

if (!existsSync(folder)) {
  process.stderr.write(`corpus: there is no folder ${folder}; name one that holds *expect.jsonl files\n`);
  process.exitCode = 3;
} else {
  const score = scoreCorpus(folder);
  const percent = (part: number, whole: number): string =>
    whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(2)} %`;
  const text = [
    `Postfix and Dovecot: ${score.equal} of ${score.assertions} assertions, ${percent(score.equal, score.assertions)}`,
    `others: ${score.others.equal} of ${score.others.assertions}, ${percent(score.others.equal, score.others.assertions)}`,
    ...Object.entries(score.recognised).map(([software, share]) => `recognised ${software}: ${percent(share, 1)}`),
    `left out as contradictory: ${score.contradictoryRows} of ${score.rows} rows`,
  ];
  process.stderr.write(`${text.join('\n')}\n`);
  if (isJson) process.stdout.write(`${JSON.stringify(score)}\n`);
  else for (const miss of score.misses) process.stdout.write(`${JSON.stringify(miss)}\n`);
}

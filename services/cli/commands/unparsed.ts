// `mailward unparsed`: the lines that nobody understands, asked of control.
import type { Command } from 'commander';
import { AppError } from '../../protocol/errors.ts';
import { unparsedAnswerSchema, unparsedLimits } from '../../protocol/unparsed.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ask } from '../ask-control.ts';
import { readNumber } from '../read-number.ts';
import { readTime } from '../read-time.ts';
import { renderCompleteness } from '../render-story.ts';
import { renderUnparsed, renderUnparsedSummary } from '../render-unparsed.ts';
import { jsonSafe, terminalStyle } from '../terminal.ts';

type UnparsedOptions = {
  readonly since: string;
  readonly until?: string;
  readonly clusters: string;
  readonly json?: boolean;
  readonly url: string;
};

/** Control reads the lines again. */
const answerWithinMs = 5 * 60_000;

export function registerUnparsed(program: Command): void {
  program
    .command('unparsed')
    .description('group the log lines that are not understood, with a pattern that would read each group')
    .option('--since <time>', 'not before: a date and time, or an age such as 90m, 24h, 7d', '24h')
    .option('--until <time>', 'not after: likewise')
    .option('--clusters <count>', 'how many groups are shown', String(unparsedLimits.clustersDefault))
    .option('--json', "control's answer as one JSON object")
    .option('--url <url>', 'where control listens', 'http://127.0.0.1:7400')
    .addHelpText('before', 'Examples:\n  mailward unparsed\n  mailward unparsed --since 7d --clusters 5 --json\n')
    .action((options: UnparsedOptions) => unparsed(options));
}

async function unparsed(options: UnparsedOptions): Promise<void> {
  const now = systemClock.now();
  const clusters = readNumber('--clusters', options.clusters, 1, unparsedLimits.clustersMax);
  const iso = (option: string, text: string) => new Date(readTime(option, text, now)).toISOString();
  const query = new URLSearchParams({ clusters: String(clusters), since: iso('--since', options.since) });
  if (options.until !== undefined) query.set('until', iso('--until', options.until));
  const answer = await ask(options.url, `/api/v1/unparsed?${query}`, unparsedAnswerSchema, answerWithinMs);
  if (answer === undefined)
    throw new AppError('protocol-mismatch', `Control at ${options.url} cannot group unparsed lines.`);
  if (options.json === true) {
    process.stdout.write(`${jsonSafe(JSON.stringify(answer.body))}\n`);
    return;
  }
  const { unparsed: found, completeness } = answer.value;
  const style = terminalStyle(process.stdout, process.env);
  const lines = completeness.sources.reduce((sum, source) => sum + source.lines, 0);
  const summary = renderUnparsedSummary(found, lines);
  const groups = found.lines === 0 ? '' : `\n\n${renderUnparsed(found, style)}`;
  process.stdout.write(`${summary}${groups}\n\n${renderCompleteness(completeness, style)}\n`);
}

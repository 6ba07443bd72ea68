// `mailward trace`: what became of a message, asked of control.
import type { Command } from 'commander';
import { pageLimits, storyDetailSchema, storyPageSchema } from '../../protocol/api.ts';
import { AppError } from '../../protocol/errors.ts';
import { localTimeWords } from '../../protocol/time-word.ts';
import { systemClock } from '../../runtime/clock.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { ask } from '../ask-control.ts';
import { readTime } from '../read-time.ts';
import { renderCompleteness, renderMatches, renderStory } from '../render-story.ts';
import { jsonSafe, terminalStyle } from '../terminal.ts';

type TraceOptions = {
  readonly url: string;
  readonly since?: string;
  readonly until?: string;
  readonly domain?: string;
  readonly limit: string;
  readonly json?: boolean;
};

const widthUnknown = 160;

export function registerTrace(program: Command): void {
  program
    .command('trace')
    .description('find a message and show what became of it')
    .argument(
      '<query...>',
      'queue id, message id, address, domain, trace id, date or time, or from: to: fate: node: domain: words',
    )
    .option('--url <url>', 'where control listens', 'http://127.0.0.1:7400')
    .option('--since <time>', 'not before: a date and time, or an age such as 90m, 24h, 7d')
    .option('--until <time>', 'not after: likewise')
    .option('--domain <domain>', 'only mail from or to this domain; .example.org is that and all below it')
    .option('--limit <count>', 'how many matches are listed', '20')
    .option('--json', "control's answer as one JSON object")
    .addHelpText(
      'before',
      'Examples:\n  mailward trace 4XyZ1a0Bcd\n  mailward trace to:@example.org fate:deferred --since 24h\n  mailward trace 2026-11-22T10:00 fate:bounced\n',
    )
    .action((words: string[], options: TraceOptions) => trace(localTimeWords(words.join(' ')), options));
}

async function trace(q: string, options: TraceOptions): Promise<void> {
  const now = systemClock.now();
  const query = new URLSearchParams({ q, limit: readLimit(options.limit) });
  if (options.since !== undefined) query.set('since', isoTime('--since', options.since, now));
  if (options.until !== undefined) query.set('until', isoTime('--until', options.until, now));
  if (options.domain !== undefined) query.set('domain', options.domain);
  const found = await ask(options.url, `/api/v1/stories?${query}`, storyPageSchema);
  const only = found?.value.items.length === 1 ? found.value.items[0] : undefined;
  // A list of matches names stories without a queue id by their own id.
  const id = only?.id ?? (found?.value.items.length === 0 && /^s[0-9a-z]+$/.test(q) ? q : undefined);
  const detail =
    id === undefined
      ? undefined
      : await ask(options.url, `/api/v1/stories/${encodeURIComponent(id)}`, storyDetailSchema);
  const answer = detail ?? found;
  const isNothing = detail === undefined && (found?.value.items.length ?? 0) === 0;
  if (isNothing) process.exitCode = exitStatus.no;
  if (options.json === true) {
    process.stdout.write(`${jsonSafe(JSON.stringify(answer?.body ?? {}))}\n`);
    return;
  }
  const style = terminalStyle(process.stdout, process.env);
  if (detail !== undefined) process.stdout.write(renderStory(detail.value, style));
  else if (found === undefined || isNothing) {
    const whole = found === undefined ? '' : `\n${renderCompleteness(found.value.completeness, style)}`;
    process.stdout.write(`No message matches.${whole}\n`);
  } else process.stdout.write(renderMatches(found.value, style, process.stdout.columns ?? widthUnknown));
}

function readLimit(text: string): string {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageLimits.storiesMax)
    throw new AppError('bad-query', `--limit ${text} is not a number from 1 to ${pageLimits.storiesMax}.`);
  return text;
}

const isoTime = (option: string, text: string, now: number): string =>
  new Date(readTime(option, text, now)).toISOString();

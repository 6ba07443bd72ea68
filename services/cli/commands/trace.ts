// `mailward trace`: what became of a message, asked of control.
import type { Command } from 'commander';
import type { z } from 'zod';
import { pageLimits, storyDetailSchema, storyPageSchema } from '../../protocol/api.ts';
import { AppError, type ErrorCode, errorRegistry, problemSchema } from '../../protocol/errors.ts';
import { systemClock } from '../../runtime/clock.ts';
import { exitStatus } from '../../runtime/run-process.ts';
import { renderCompleteness, renderMatches, renderStory } from '../render-story.ts';
import { terminalStyle } from '../terminal.ts';

type TraceOptions = {
  readonly url: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
  readonly json?: boolean;
};

const answerMs = 30_000;
const widthUnknown = 160;

export function registerTrace(program: Command): void {
  program
    .command('trace')
    .description('find a message and show what became of it')
    .argument('<query...>', 'queue id, message id, address, domain, trace id, or from: to: fate: node: domain: words')
    .option('--url <url>', 'where control listens', 'http://127.0.0.1:7400')
    .option('--since <time>', 'not before: a date and time, or an age such as 90m, 24h, 7d')
    .option('--until <time>', 'not after: likewise')
    .option('--limit <count>', 'how many matches are listed', '20')
    .option('--json', "control's answer as one JSON object")
    .addHelpText(
      'before',
      'Examples:\n  mailward trace 4XyZ1a0Bcd\n  mailward trace to:@example.org fate:deferred --since 24h\n',
    )
    .action((words: string[], options: TraceOptions) => trace(words.join(' '), options));
}

async function trace(q: string, options: TraceOptions): Promise<void> {
  const now = systemClock.now();
  const query = new URLSearchParams({ q, limit: readLimit(options.limit) });
  if (options.since !== undefined) query.set('since', readTime('--since', options.since, now));
  if (options.until !== undefined) query.set('until', readTime('--until', options.until, now));
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
    process.stdout.write(`${JSON.stringify(answer?.body ?? {})}\n`);
    return;
  }
  const style = terminalStyle(process.stdout, process.env);
  if (detail !== undefined) process.stdout.write(renderStory(detail.value, style));
  else if (found === undefined || isNothing) {
    const whole = found === undefined ? '' : `\n${renderCompleteness(found.value.completeness, style)}`;
    process.stdout.write(`No message matches.${whole}\n`);
  } else process.stdout.write(renderMatches(found.value, style, process.stdout.columns ?? widthUnknown));
}

/**
 * The checked answer with the body as it came; `undefined` for 404.
 * @throws AppError with control's own code, or `unreachable`.
 */
async function ask<T extends z.ZodType>(
  url: string,
  path: string,
  schema: T,
): Promise<{ value: z.output<T>; body: unknown } | undefined> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(answerMs) });
    body = await response.json();
  } catch (cause) {
    throw new AppError('unreachable', `Control does not answer at ${url}.`, {
      cause,
      hint: 'Start it with `mailward start`, or name it with --url.',
    });
  }
  if (response.status === 404) return undefined;
  if (!response.ok) {
    const problem = problemSchema.safeParse(body);
    const code = problem.success && isErrorCode(problem.data.code) ? problem.data.code : 'unreachable';
    const detail = problem.success ? problem.data.detail : `${url} answered ${response.status}.`;
    throw new AppError(code, detail, problem.data?.hint === undefined ? {} : { hint: problem.data.hint });
  }
  const answer = schema.safeParse(body);
  if (!answer.success)
    throw new AppError('protocol-mismatch', `What answers at ${url} is not control of this release.`, {
      cause: answer.error,
    });
  return { value: answer.data, body };
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorRegistry, code);

function readLimit(text: string): string {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageLimits.storiesMax)
    throw new AppError('bad-query', `--limit ${text} is not a number from 1 to ${pageLimits.storiesMax}.`);
  return text;
}

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90m` is an age; anything else is a date and time, local where it states no zone. */
function readTime(option: string, text: string, now: number): string {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const time = count === undefined ? Date.parse(text) : now - Number(count) * (unitMs[unit ?? ''] ?? 0);
  if (!Number.isFinite(time))
    throw new AppError('bad-query', `${option} ${text} is no time.`, {
      hint: 'Give a date and time such as 2026-11-22T10:00, or an age such as 24h.',
    });
  return new Date(time).toISOString();
}

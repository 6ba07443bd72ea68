// What only an operator may ask: with the secret in control's data folder, which who may not read it does not know.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { defaultDataDir } from '../runtime/data-dir.ts';
import { ask } from './ask-control.ts';
import { trustOwnAuthority } from './own-authority.ts';

export type OperatorOptions = { readonly url: string; readonly dataDir: string; readonly json?: boolean };

const answerMs = 30_000;

/** The options that every operator's command has. */
export const withOperatorOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'where control listens', 'https://127.0.0.1:7400')
    .option('--data-dir <dir>', "control's data folder", defaultDataDir('control'))
    .option('--json', "control's answer as one JSON object");

type Question<Schema> = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly schema: Schema;
};

/** @throws AppError as {@link askOperatorIfThere}, and `missing` when control knows nothing of joining. */
export async function askOperator<Schema extends z.ZodType>(
  options: OperatorOptions,
  question: Question<Schema>,
): Promise<{ value: z.output<Schema>; body: unknown }> {
  const answer = await askOperatorIfThere(options, question);
  if (answer !== undefined) return answer;
  throw new AppError('missing', `Control at ${options.url} lets no nodes join`, {
    hint: 'Start it with `mailward control --tls`.',
  });
}

/**
 * `undefined` when control knows nothing of what is asked for (404).
 * @throws AppError `bad-query` without TLS, `missing` when the secret cannot be read, or control's own code.
 */
export async function askOperatorIfThere<Schema extends z.ZodType>(
  { url, dataDir }: OperatorOptions,
  question: Question<Schema>,
): Promise<{ value: z.output<Schema>; body: unknown } | undefined> {
  const { method, path, body, schema } = question;
  if (!url.startsWith('https:'))
    throw new AppError(
      'bad-query',
      `--url ${url} is without TLS, and the secret of control's folder is not said there`,
      {
        hint: 'Give an address with https.',
      },
    );
  const headers = {
    authorization: `Bearer ${readSecret(dataDir)}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  trustOwnAuthority(dataDir);
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return ask(url, path, schema, answerMs, init);
}

function readSecret(dataDir: string): string {
  const file = join(dataDir, 'trust', 'operator.secret');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new AppError('missing', `${file} cannot be read`, {
      hint: 'Run this where control runs with --tls, as root or as its user, and name its data folder with --data-dir.',
      cause,
    });
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { AppError, problemSchema } from '../protocol/errors.ts';
import { type LabPaths, volumeFolder } from './lab-paths.ts';
import { controlVolume, operatorSecretFile } from './roles/control.ts';

const answerMs = 10_000;

/**
 * Asks control what only an operator may, with the secret from the disk of its host. Throws `unreachable` when control or the
 * agent that it is about does not answer, `forbidden` and others as control says.
 */
export async function askOperator<Schema extends z.ZodType>(
  paths: LabPaths,
  control: { readonly host: string; readonly pageUrl: string },
  path: string,
  options: { readonly body: object; readonly answer: Schema; readonly withinMs?: number },
): Promise<z.output<Schema>> {
  const secretFile = join(volumeFolder(paths, control.host, controlVolume), operatorSecretFile);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(new URL(path, control.pageUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${readFileSync(secretFile, 'utf8').trim()}`,
      },
      body: JSON.stringify(options.body),
      signal: AbortSignal.timeout(options.withinMs ?? answerMs),
    });
    body = await response.json();
  } catch (cause) {
    throw new AppError('unreachable', `Control does not answer at ${control.pageUrl}`, { cause });
  }
  if (response.ok) return options.answer.parse(body);
  const problem = problemSchema.safeParse(body);
  throw new AppError(
    problem.data?.code === 'unreachable' ? 'unreachable' : 'internal',
    `Control refuses ${path}: ${problem.data?.detail ?? response.status}`,
  );
}

// Questions to control over HTTP, and its failures in its own words.
import type { z } from 'zod';
import { AppError, type ErrorCode, errorRegistry, problemSchema } from '../protocol/errors.ts';
import { trustOwnAuthority } from './own-authority.ts';

const answerMs = 30_000;

/**
 * The checked answer with the body as it came; `undefined` for 404.
 * @throws AppError with control's own code, or `unreachable`.
 */
export async function ask<T extends z.ZodType>(
  url: string,
  path: string,
  schema: T,
  withinMs: number = answerMs,
  init: Omit<RequestInit, 'signal'> = {},
): Promise<{ value: z.output<T>; body: unknown } | undefined> {
  if (url.startsWith('https:')) trustOwnAuthority();
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(new URL(path, url), { ...init, signal: AbortSignal.timeout(withinMs) });
    body = await response.json();
  } catch (cause) {
    throw isUnbelieved(cause)
      ? new AppError('certificate-refused', `What answers at ${url} shows a certificate that is not believed here.`, {
          cause,
          hint: "If it is control, name the authority.crt in its data folder's trust folder with NODE_EXTRA_CA_CERTS.",
        })
      : new AppError('unreachable', `Control does not answer at ${url}.`, {
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

/** Whether fetch failed over the certificate (node:tls gives OpenSSL's names for it) and not over the way there. */
function isUnbelieved(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code);
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorRegistry, code);

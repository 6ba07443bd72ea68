import { Agent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { z } from 'zod';
import { AppError, type ErrorCode, errorRegistry, problemSchema } from '../../protocol/errors.ts';
import { askOverHttp } from '../ship/http-client.ts';

const answerWithinMs = 20_000;

/**
 * One question to control's authority over a connection of its own.
 * @throws AppError with control's own code, or `unreachable`.
 */
export async function askAuthority<Schema extends z.ZodType>(
  url: URL,
  question: { readonly tls: ConnectionOptions; readonly body?: unknown; readonly schema: Schema },
): Promise<z.output<Schema>> {
  const { tls, body, schema } = question;
  const agent = new Agent({ ...tls, minVersion: 'TLSv1.3' });
  try {
    const signal = AbortSignal.timeout(answerWithinMs);
    const answer = await askOverHttp(url, { ...(body === undefined ? {} : jsonPost(body)), signal }, agent);
    if (answer.status === 200) return schema.parse(answer.json);
    throw refusalOf(url, answer.status, answer.json);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unreachable', `Control at ${url.origin} could not be asked: ${why}`, { cause });
  } finally {
    agent.destroy();
  }
}

const jsonPost = (body: unknown) =>
  ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
  }) as const;

function refusalOf(url: URL, status: number, body: unknown): AppError {
  const problem = problemSchema.safeParse(body);
  if (!problem.success)
    return new AppError('unreachable', `${url.origin} answered with status ${status}, as control does not`);
  const { code, detail, hint } = problem.data;
  return new AppError(isErrorCode(code) ? code : 'unreachable', detail, hint === undefined ? {} : { hint });
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorRegistry, code);

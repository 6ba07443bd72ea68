// Questions and orders to the lease process of this node, and what it tells as it happens, over its Unix socket.
import { request } from 'node:http';
import type { z } from 'zod';
import { AppError, type ErrorCode, errorRegistry, problemSchema } from '../../protocol/errors.ts';
import { type LeaseWatchLine, leaseWatchLineSchema } from '../../protocol/lease-status.ts';

/** A preflight measures for five seconds. */
const answerMsDefault = 15_000;
const answerCharsMax = 4 * 1024 * 1024;
/** One entry of a history is a few hundred. */
const lineCharsMax = 64 * 1024;

/**
 * The checked answer with the body as it came. `order`: sent as JSON.
 * @throws AppError with the process's own code, or `unreachable`.
 */
export async function askLease<T extends z.ZodType>(
  socketPath: string,
  path: string,
  schema: T,
  { order, withinMs = answerMsDefault }: { readonly order?: unknown; readonly withinMs?: number } = {},
): Promise<{ readonly value: z.output<T>; readonly body: unknown }> {
  const { status, text } = await exchange(socketPath, path, order, withinMs).catch((cause: unknown) => {
    const isDenied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    throw new AppError('unreachable', `No lease process answers at ${socketPath}.`, {
      hint: isDenied
        ? 'The socket is for its owner alone: run this as root.'
        : 'Start it with `mailward lease --config FILE`, or name its socket with --socket.',
      cause,
    });
  });
  const body = readJson(text);
  if (status !== 200) {
    const problem = problemSchema.safeParse(body).data;
    const code = problem !== undefined && Object.hasOwn(errorRegistry, problem.code) ? problem.code : 'unreachable';
    const hint = problem?.hint === undefined ? {} : { hint: problem.hint };
    throw new AppError(code as ErrorCode, problem?.detail ?? `${socketPath} answered ${status}.`, hint);
  }
  const answer = schema.safeParse(body);
  if (!answer.success)
    throw new AppError('protocol-mismatch', `What answers at ${socketPath} is not a lease process of this release.`);
  return { value: answer.data, body };
}

/** Hears every entry of every group's history from now on, until the process ends or `stop`; what is not understood is left out. */
export function watchLease(
  socketPath: string,
  deps: { readonly onLine: (line: LeaseWatchLine) => void; readonly onEnd: () => void },
): { readonly stop: () => void } {
  const asked = request({ socketPath, path: '/watch' }, (response) => {
    if (response.statusCode !== 200) return void response.resume();
    let rest = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineCharsMax) asked.destroy();
      for (const text of lines) {
        const line = leaseWatchLineSchema.safeParse(readJson(text));
        if (line.success) deps.onLine(line.data);
      }
    });
    // An end that comes in the middle is the end as well.
    response.on('error', () => {});
  });
  asked.on('error', () => {});
  asked.once('close', deps.onEnd);
  asked.end();
  return { stop: () => void asked.destroy() };
}

function exchange(
  socketPath: string,
  path: string,
  order: unknown,
  withinMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const method = order === undefined ? 'GET' : 'POST';
    const asked = request({ socketPath, path, method, timeout: withinMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > answerCharsMax) asked.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', reject);
    asked.end(order === undefined ? undefined : JSON.stringify(order));
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

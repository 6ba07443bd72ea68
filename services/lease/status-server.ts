// The socket over which the command line and the agent ask and tell: HTTP over a Unix socket that only its owner may open.
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { z } from 'zod';
import { AppError, toProblem } from '../protocol/errors.ts';
import type { Preflight } from '../protocol/lease-status.ts';
import {
  leaseExplainSchema,
  leaseHistorySchema,
  leaseOrderAnswerSchema,
  leaseOrderSchema,
  leaseStatusSchema,
  leaseWatchLineSchema,
  preflightSchema,
} from '../protocol/lease-status.ts';
import { readRelease } from '../runtime/release.ts';
import type { LeaseGroup } from './group.ts';
import type { LeaseKey } from './peers/envelope.ts';

const bodyBytesMax = 4096;
const connectionsMax = 16;
const requestWithinMs = 10_000;
/** Who follows the history, and what may wait for one that reads too slowly before it is cut off. */
const watchersMax = 4;
const watchBytesMax = 64 * 1024;

/** Throws `port-busy` when another lease process answers there; a socket that nobody answers is taken over. */
export async function startStatusServer(
  config: { readonly node: string; readonly path: string },
  deps: {
    readonly groups: readonly LeaseGroup[];
    readonly now: () => number;
    readonly preflight: (group: LeaseGroup) => Promise<Preflight>;
    /** Reads the group's keys from the file anew. */
    readonly readKeys: (group: LeaseGroup) => Promise<readonly LeaseKey[]>;
  },
): Promise<{ readonly stop: () => Promise<void> }> {
  if (await isAnswered(config.path))
    throw new AppError('port-busy', `Another lease process serves ${config.path}`, {
      hint: 'Stop it, or give this one another runDir',
    });
  rmSync(config.path, { force: true });
  const startedAt = deps.now();
  const watchers = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/watch' && watchers.size < watchersMax) return watch(response);
    answer(request).then(
      (body) => write(response, 200, body),
      (error: unknown) => {
        const problem = toProblem(error instanceof AppError ? error : new AppError('internal', String(error)));
        write(response, problem.status, problem);
      },
    );
  });
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestWithinMs;

  /** A last word is told before the process ends: nobody could ask for it afterwards. */
  function watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    watchers.add(response);
    response.once('close', () => watchers.delete(response));
  }
  for (const { config: group, history } of deps.groups)
    history.follow((entry) => {
      if (watchers.size === 0) return;
      const { name, incarnation } = group;
      const line = z.encode(leaseWatchLineSchema, { group: name, incarnation, startedAt, entry });
      const text = `${JSON.stringify(line)}\n`;
      for (const response of watchers) {
        if (response.writableLength > watchBytesMax) response.destroy();
        else response.write(text);
      }
    });

  async function answer(request: IncomingMessage): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://lease');
    const [, name, part] = url.pathname.split('/');
    if (name === 'status')
      return z.encode(leaseStatusSchema, {
        ...{ node: config.node, now: deps.now(), startedAt, version: readRelease() },
        groups: deps.groups.map((group) => group.status()),
      });
    const group = deps.groups.find((candidate) => candidate.config.name === name);
    if (group === undefined)
      throw new AppError('not-found', `There is no group ${name} here`, {
        hint: `Its groups are ${deps.groups.map((each) => each.config.name).join(', ')}`,
      });
    const head = { group: group.config.name, now: deps.now() };
    switch (`${request.method} ${part}`) {
      case 'GET explain':
        return z.encode(leaseExplainSchema, {
          ...head,
          why: group.status().why,
          reasons: [...group.history.reasons()],
        });
      case 'GET history': {
        const after = z.coerce
          .number()
          .int()
          .nonnegative()
          .safeParse(url.searchParams.get('after') ?? 0);
        if (!after.success)
          throw new AppError('bad-request', 'after is the number of a history entry, 0 for all of them');
        return z.encode(leaseHistorySchema, {
          ...head,
          entries: [...group.history.entries(after.data)],
        });
      }
      case 'GET preflight':
        return z.encode(preflightSchema, await deps.preflight(group));
      case 'POST order': {
        const parsed = leaseOrderSchema.safeParse(await readJson(request));
        if (!parsed.success) throw new AppError('bad-request', z.prettifyError(parsed.error));
        const rows = group.order(parsed.data).filter((row) => row.region === 'role' && row.event !== 'deadline');
        const sentences = rows.map((row) => row.sentence);
        // A witness has no row for what is the holder's to do.
        if (rows.length === 0 && parsed.data.kind !== 'health')
          sentences.push('Refused: this voter never holds, and only the holder is told that.');
        const isDone = !sentences.some((sentence) => sentence.startsWith('Refused'));
        return leaseOrderAnswerSchema.parse({ group: head.group, isDone, sentences });
      }
      case 'POST keys': {
        const { isDone, sentence } = group.rekey(await deps.readKeys(group));
        return leaseOrderAnswerSchema.parse({ group: head.group, isDone, sentences: [sentence] });
      }
      default:
        throw new AppError('not-found', `There is nothing at ${request.method} ${request.url}`);
    }
  }

  const previousMask = process.umask(0o077);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.path, resolve);
    });
  } finally {
    process.umask(previousMask);
  }
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function write(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyBytesMax) throw new AppError('too-large', `An order has at most ${bodyBytesMax} bytes`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad-request', 'The body is not JSON', { cause });
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

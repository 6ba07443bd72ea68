// `mailward trace` as a process against a real control: what it prints and how it ends.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { EventStore } from '../../services/control/store/event-store.ts';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { storyDetailSchema, storyPageSchema, storyQuerySchema } from '../../services/protocol/api.ts';
import { AppError, toProblem } from '../../services/protocol/errors.ts';
import { bodyOf, makeBatch } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

const main = join(import.meta.dirname, '../../services/cli/main.ts');
let store: EventStore;
let directory: string;
let url: string;

/** The two answers that the command asks for, straight from a store. */
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const answer = async (): Promise<unknown> => {
    const id = /^\/api\/v1\/stories\/(.+)$/.exec(pathname)?.[1];
    if (id === undefined) {
      const query = storyQuerySchema.parse(Object.fromEntries(searchParams));
      return z.encode(storyPageSchema, await store.searchStories(query));
    }
    const detail = await store.readStory(id);
    if (detail === undefined) throw new AppError('not-found', 'There is no such story.');
    return z.encode(storyDetailSchema, detail);
  };
  answer().then(
    (body) => response.end(JSON.stringify(body)),
    (error: unknown) => {
      const problem = toProblem(error instanceof AppError ? error : new AppError('internal', String(error)));
      response.writeHead(problem.status).end(JSON.stringify(problem));
    },
  );
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mailward-trace-'));
  store = await createSqliteEventStore({ dataDir: directory }, { log: { error: console.error } });
  const lines = [0, 1, 2].flatMap((at) =>
    messageLines({
      at: `Nov 22 10:0${at}:00`,
      queueId: queueIdOf(at),
      from: 'alice@example.net',
      to: `bob${at}@example.org`,
    }),
  );
  const hostile = 'Nov 22 10:09:00 mx1 postfix/cleanup[1]: A00000000F: message-id=<\u001b]0;owned\u0007@example.net>';
  const batch = makeBatch([...lines, hostile]);
  await store.ingest(batch.envelope, bodyOf(batch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  server.close();
  await store.stop();
  await rm(directory, { recursive: true, force: true });
});

async function trace(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = promisify(execFile);
  try {
    const { stdout, stderr } = await run(process.execPath, [main, 'trace', ...args, '--url', url]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('one match is told as a story', async () => {
  const { code, stdout } = await trace(queueIdOf(1));
  expect(code).toBe(0);
  expect(stdout).toContain('bob1@example.org: delivered by mx.far.example at 2026-11-22 10:01:00, after one attempt.');
  expect(stdout).toContain(`postfix/qmgr[102]: ${queueIdOf(1)}: removed`);
  expect(stdout).toContain('The log is complete for this time.');
});

test('several matches are listed, words and times narrow them', async () => {
  expect((await trace('@example.org')).stdout).toContain('3 messages match.');
  const narrowed = await trace('from:alice@example.net', 'to:bob2@example.org', '--since', '2026-11-22T10:01:30Z');
  expect(narrowed.stdout).toContain('bob2@example.org: delivered');
});

test('--json gives what control said', async () => {
  const { stdout } = await trace(queueIdOf(0), '--json');
  expect(JSON.parse(stdout)).toMatchObject({ story: { fate: 'delivered', firstSeenAt: '2026-11-22T10:00:00.000Z' } });
  expect(JSON.parse((await trace('@example.org', '--json')).stdout).items).toHaveLength(3);
});

test('nothing found ends with 1 and still says how whole the log is', async () => {
  const { code, stdout } = await trace('nobody@nowhere.example');
  expect(code).toBe(1);
  expect(stdout).toBe('No message matches.\nThe log is complete for this time.\n');
});

test('what a stranger wrote into the log does not reach the terminal', async () => {
  const { code, stdout } = await trace('A00000000F');
  expect(code).toBe(0);
  expect(stdout).toContain('\\x1b]0;owned\\x07');
  expect(stdout).not.toContain('\u001b');
});

test('a search that is not understood ends with 2, a control that does not answer with 3', async () => {
  const wrong = await trace('fate:lost');
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toContain('"lost" is no fate.');
  expect(await trace(queueIdOf(1), '--since', 'yesteryear')).toMatchObject({ code: 2 });
  url = 'http://127.0.0.1:1';
  const gone = await trace(queueIdOf(1));
  expect(gone.code).toBe(3);
  expect(gone.stderr).toContain('Control does not answer at http://127.0.0.1:1.');
});

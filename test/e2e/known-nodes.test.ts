// Control is started anew while a node is dead: the node is missed, until an operator forgets it.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { afterEach, expect, test } from 'vitest';
import { nodesSchema } from '../../services/protocol/api.ts';
import type { Hello, HelloReply } from '../../services/protocol/live.ts';
import { protocolVersion } from '../../services/protocol/version.ts';
import { endAll, startProcess } from './real-process.ts';

const run = promisify(execFile);
const mailward = resolve(import.meta.dirname, '../../services/cli/main.ts');
const folders: string[] = [];
afterEach(async () => {
  await endAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const hello = (node: string): Hello => ({
  ...{ protocolVersion, node, version: '9.9.9', mode: 'observe-only', startedMs: 1, pid: 1 },
  ...{ metricsPort: 9154, timeZone: 'UTC' },
});

async function connect(url: string, node: string): Promise<() => void> {
  const socket = io(`${url}/agent`, { transports: ['websocket'], forceNew: true });
  const reply = (await socket.timeout(10_000).emitWithAck('hello', hello(node))) as HelloReply;
  expect(reply.ok).toBe(true);
  return () => socket.disconnect();
}

async function nodesOf(url: string): Promise<unknown[]> {
  const { nodes } = nodesSchema.parse(await (await fetch(`${url}/api/v1/nodes`)).json());
  return nodes.map(({ node, state, version }) => [node, state, version]);
}

async function cli(...args: string[]): Promise<{ status: number; text: string }> {
  try {
    const { stdout } = await run(process.execPath, [mailward, ...args], { timeout: 30_000 });
    return { status: 0, text: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, text: stdout + stderr };
  }
}

test('a node that died is missed after a restart of control, and can be forgotten', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailward-known-nodes-'));
  folders.push(folder);
  const start = () => startProcess('control', ['--port', '0', '--data-dir', folder]);
  const first = await start();
  const leaveOne = await connect(first.url, 'mx1');
  await connect(first.url, 'mx2');
  expect(await nodesOf(first.url)).toEqual([
    ['mx1', 'up', '9.9.9'],
    ['mx2', 'up', '9.9.9'],
  ]);
  expect(await cli('node', 'forget', 'mx2', '--url', first.url)).toMatchObject({
    status: 1,
    text: expect.stringMatching(/The agent of mx2 is connected\. Stop it there first/),
  });
  leaveOne();
  const file = join(folder, 'nodes.json');
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8'), { timeout: 10_000 }).toContain('mx2');
  await endAll();

  const second = await start();
  expect(await nodesOf(second.url)).toEqual([
    ['mx1', 'stale', '9.9.9'],
    ['mx2', 'stale', '9.9.9'],
  ]);
  const forgotten = await cli('node', 'forget', 'mx1', '--url', second.url, '--json');
  expect(forgotten).toMatchObject({ status: 0 });
  expect(JSON.parse(forgotten.text)).toEqual({ node: 'mx1' });
  expect((await cli('node', 'forget', 'mx1', '--url', second.url)).status).toBe(1);
  await endAll();

  const third = await start();
  expect(await nodesOf(third.url)).toEqual([['mx2', 'stale', '9.9.9']]);
  await endAll();

  writeFileSync(file, '{"nodes":[{"node":');
  const fourth = await start();
  expect(await nodesOf(fourth.url)).toEqual([]);
  expect(readFileSync(`${file}.unreadable`, 'utf8')).toContain('{"nodes":[{"node":');
});

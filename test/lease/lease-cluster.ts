// Real lease processes on loopback: their files, their ports, what they say over their sockets.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type LeaseGroupStatus, type LeaseOrder, leaseStatusSchema } from '../../services/protocol/lease-status.ts';

const leaseMain = join(import.meta.dirname, '..', '..', 'services', 'lease', 'main.ts');

export type LeaseNode = {
  readonly number: number;
  readonly folder: string;
  readonly runDir: string;
  readonly port: number;
  readonly start: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly pid: () => number;
  /** The exit status of the process that was started last. */
  readonly ended: () => Promise<number | null>;
  readonly status: () => Promise<LeaseGroupStatus>;
  readonly order: (order: LeaseOrder) => Promise<{ isDone: boolean; sentences: string[] }>;
  readonly ask: (path: string) => Promise<unknown>;
  readonly log: () => string;
  readonly writeConfig: (change: Record<string, unknown>) => void;
};
export type LeaseCluster = { readonly nodes: readonly LeaseNode[]; readonly stop: () => Promise<void> };

/** A UDP port of loopback that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export type ClusterOptions = {
  readonly advertMs: number;
  readonly group?: Record<string, unknown>;
  readonly top?: Record<string, unknown>;
  /** Where each voter listens and what it is run under; loopback and nothing unless given. */
  readonly hosts?: readonly string[];
  readonly under?: readonly (readonly string[])[];
  readonly witnesses?: readonly number[];
  /** Where each has its folder for the boot, in memory as /run is; its own folder unless given. */
  readonly runRoot?: string;
};

export async function createCluster(voters: number, options: ClusterOptions): Promise<LeaseCluster> {
  const root = mkdtempSync(join(tmpdir(), 'mailward-lease-'));
  const numbers = Array.from({ length: voters }, (_, index) => index + 1);
  const ports = options.hosts === undefined ? await Promise.all(numbers.map(freePort)) : numbers.map(() => 7401);
  const hostOf = (number: number) => options.hosts?.[number - 1] ?? '127.0.0.1';
  const group = {
    name: 'mail',
    incarnation: randomUUID(),
    advertMs: options.advertMs,
    freezeMs: 0,
    rttMs: options.advertMs / 10,
    noMajority: 'hold-down',
    shadow: true,
    keys: [{ id: 1, secret: randomBytes(32).toString('base64') }],
    voters: numbers.map((number) => ({
      ...{ number, node: `mx${number}`, host: hostOf(number), port: ports[number - 1] },
      ...{ priority: 200 - 10 * number, witness: options.witnesses?.includes(number) ?? false },
    })),
    addresses: [{ address: '192.0.2.100/32', device: 'lo' }],
    ...options.group,
  };
  const nodes = numbers.map((number) =>
    createNode(number, join(root, `mx${number}`), ports[number - 1] ?? 0, hostOf(number), { ...options, group }),
  );
  return {
    nodes,
    stop: async () => {
      for (const node of nodes) node.kill('SIGKILL');
      await Promise.all(nodes.map((node) => node.ended()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function createNode(
  number: number,
  folder: string,
  port: number,
  host: string,
  options: ClusterOptions & { readonly group: Record<string, unknown> },
): LeaseNode {
  mkdirSync(folder, { recursive: true });
  const runDir = join(options.runRoot ?? folder, options.runRoot === undefined ? 'run' : `mx${number}`);
  const configFile = join(folder, 'lease.yaml');
  const writeConfig = (change: Record<string, unknown>) =>
    writeFileSync(
      configFile,
      JSON.stringify({
        ...{ node: `mx${number}`, actions: 'enabled', listen: { host, port } },
        ...{ stateDir: join(folder, 'state'), runDir },
        ...options.top,
        groups: [{ ...options.group, ...change }],
      }),
    );
  writeConfig({});
  let child: ChildProcess | undefined;
  let isNew = true;
  let log = '';
  const path = join(runDir, 'status.sock');
  return {
    ...{ number, folder, runDir, port, writeConfig },
    start: async () => {
      if (isNew) await once(spawn(process.execPath, [leaseMain, '--config', configFile, '--init']), 'exit');
      isNew = false;
      const [command = process.execPath, ...args] = [...(options.under?.[number - 1] ?? []), process.execPath];
      const started = spawn(command, [...args, leaseMain, '--config', configFile], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-200_000);
      });
      const isReady = await Promise.race([
        once(started.stdout, 'data').then(() => true),
        once(started, 'exit').then(() => false),
      ]);
      if (!isReady) throw new Error(`lease process ${number} ended: ${log}`);
    },
    kill: (signal) => void child?.kill(signal),
    pid: () => child?.pid ?? 0,
    ended: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
      await once(child, 'exit');
      return child.exitCode;
    },
    status: async () => {
      const group = leaseStatusSchema.parse(await askSocket(path, '/status')).groups[0];
      if (group === undefined) throw new Error('no group');
      return group;
    },
    order: async (order) => (await askSocket(path, '/mail/order', order)) as { isDone: boolean; sentences: string[] },
    ask: (url) => askSocket(path, url),
    log: () => log,
  };
}

function askSocket(socketPath: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, path, method: body === undefined ? 'GET' : 'POST', timeout: 5000 },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(JSON.parse(text)));
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Looks every few milliseconds until `condition` gives something; throws with `what` after `withinMs`. */
export async function until<Value>(
  what: string,
  condition: () => Promise<Value | undefined>,
  withinMs = 20_000,
  everyMs = 10,
): Promise<Value> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await condition().catch(() => undefined);
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(everyMs);
  }
}

/** Who says of itself that it holds, among those that answer. */
export async function holdersOf(nodes: readonly LeaseNode[]): Promise<LeaseNode[]> {
  const found = await Promise.all(
    nodes.map(async (node) => ((await node.status().catch(() => undefined))?.role === 'holding' ? node : undefined)),
  );
  return found.filter((node) => node !== undefined);
}

export const theHolder = (nodes: readonly LeaseNode[], withinMs?: number): Promise<LeaseNode> =>
  until(
    'one holder',
    async () => {
      const holders = await holdersOf(nodes);
      return holders.length === 1 ? holders[0] : undefined;
    },
    withinMs,
  );

// The service beside a member dies in every way it can: seen within 50 ms, and the member hands over.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createServiceWatch } from '../../services/lease/health/service-watch.ts';
import type { LeaseServiceConfig } from '../../services/protocol/lease-config.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { createCluster, type LeaseCluster, theHolder, until } from './lease-cluster.ts';

const seenWithinMs = 50;
const folders: string[] = [];
const running = new Set<ChildProcess>();
let cluster: LeaseCluster | undefined;
let stopWatch: (() => void) | undefined;
afterEach(async () => {
  stopWatch?.();
  stopWatch = undefined;
  for (const child of running) child.kill('SIGKILL');
  await cluster?.stop();
  cluster = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A child that greets on a port of its own choice until it is told otherwise by a line on its standard input. */
async function startService(): Promise<{
  readonly child: ChildProcess;
  readonly port: number;
  readonly pidFile: string;
}> {
  const script = `
    let isSilent = false;
    const server = require('node:net').createServer((socket) => { socket.on('error', () => {}); if (!isSilent) socket.write('220 mx ESMTP\\r\\n'); });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
    process.stdin.on('data', (word) => { if (String(word).includes('silent')) isSilent = true; else server.close(); });
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const [port] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const folder = mkdtempSync(join(tmpdir(), 'mailward-service-'));
  folders.push(folder);
  const pidFile = join(folder, 'pid');
  writeFileSync(pidFile, `${child.pid}\n`);
  return { child, port: Number(port.toString()), pidFile };
}

const configOf = (
  service: { port: number; pidFile?: string },
  change: Partial<LeaseServiceConfig> = {},
): LeaseServiceConfig => ({
  ...{ name: 'postfix', port: service.port, pidFile: service.pidFile, host: '127.0.0.1', pollMs: 20 },
  ...{ bannerEveryMs: 100, bannerWithinMs: 100, weight: 'hard', banner: '220' },
  ...change,
});

function watch(config: LeaseServiceConfig) {
  const changes: { at: number; isUp: boolean; why: string }[] = [];
  const watching = createServiceWatch(config, {
    ...systemClock,
    onChange: (isUp, why) => changes.push({ at: performance.now(), isUp, why }),
  });
  stopWatch = watching.stop;
  return { changes, report: watching.report };
}
const firstOf = <Item>(items: readonly Item[]) => until('a change', async () => items[0], 5000, 1);

test.each([
  ['killed', (child: ChildProcess) => child.kill('SIGKILL'), /is gone|has ended/],
  ['listening no more', (child: ChildProcess) => child.stdin?.write('close\n'), /does not listen on port/],
] as const)('%s: seen within 50 ms', async (_what, act, why) => {
  const service = await startService();
  const { changes, report } = watch(configOf(service));
  expect(report().isUp).toBe(true);
  const startedAt = performance.now();
  act(service.child);
  const change = await firstOf(changes);
  expect(change.why).toMatch(why);
  // The child needs a moment to obey, and this process shares the machine: the poll itself is 20 ms.
  expect(change.at - startedAt).toBeLessThan(seenWithinMs + 30);
});

test('accepting without a word is seen after two silences; one is forgiven', async () => {
  const service = await startService();
  const { changes } = watch(configOf(service));
  service.child.stdin?.write('silent\n');
  const change = await firstOf(changes);
  expect(change.why).toMatch(/accepts on port \d+ and does not say 220 within 100 ms/);
});

test('a holder whose service dies hands over, and stays when no other is fit', async () => {
  const services = await Promise.all([startService(), startService()]);
  cluster = await createCluster(3, { advertMs: 200, witnesses: [3] });
  const { nodes } = cluster;
  for (const [index, service] of services.entries())
    nodes[index]?.writeConfig({
      services: [{ name: 'postfix', port: service.port, pidFile: service.pidFile, banner: '220' }],
    });
  await Promise.all(nodes.map((node) => node.start()));
  const first = await theHolder(nodes);
  await until('both are fit', async () =>
    (await first.status()).peers.filter((peer) => peer.isEligible).length === 2 ? true : undefined,
  );
  const killedAt = performance.now();
  services[first.number - 1]?.child.kill('SIGKILL');
  const second = await until('another holds', async () => {
    const holder = await theHolder(nodes, 100);
    return holder !== first ? holder : undefined;
  });
  expect(performance.now() - killedAt, 'far sooner than a lease could end').toBeLessThan(500);
  services[second.number - 1]?.child.kill('SIGKILL');
  const status = await until('it is unfit', async () => {
    const found = await second.status();
    return found.isHealthy ? undefined : found;
  });
  expect(status.role).toBe('holding');
  expect(status.why.join(' ')).toMatch(/process \d+ of postfix/);
});

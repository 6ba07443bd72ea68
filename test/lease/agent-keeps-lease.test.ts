// The agent starts the lease process and restarts it; the agent's own end, however hard, moves nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { endAll, startProcess } from '../e2e/real-process.ts';
import { createCluster, type LeaseCluster, until } from './lease-cluster.ts';

let cluster: LeaseCluster | undefined;
let leasePid = 0;
afterEach(async () => {
  if (leasePid !== 0) process.kill(leasePid, 'SIGKILL');
  await endAll();
  await cluster?.stop();
});

test('a lease process that is gone is started; the agent that is gone takes nothing with it', async () => {
  cluster = await createCluster(3, { advertMs: 200 });
  const [first, ...others] = cluster.nodes;
  if (first === undefined) throw new Error('three nodes');
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await Promise.all(others.map((node) => node.status()));
  first.kill('SIGKILL');
  await first.ended();

  const socket = join(first.folder, 'run', 'status.sock');
  const agentConfig = join(first.folder, 'agent.yaml');
  const content = {
    files: [join(first.folder, 'mail.log')],
    metrics: { port: 0 },
    dataDir: join(first.folder, 'agent'),
  };
  writeFileSync(
    agentConfig,
    JSON.stringify({ ...content, lease: { config: join(first.folder, 'lease.yaml'), socket } }),
  );
  const agent = await startProcess('agent', ['--config', agentConfig, '--control', 'http://127.0.0.1:9']);
  const before = await until('the lease process answers', () => first.status());
  leasePid = Number(/"leasePid":(\d+)/.exec(agent.stderr())?.[1]);
  expect(readFileSync(`/proc/${leasePid}/cmdline`, 'utf8')).toContain('lease.yaml');

  await agent.end('SIGKILL');
  const after = await until('it still answers', () => first.status());
  expect(after.wonEpoch).toBeGreaterThanOrEqual(before.wonEpoch);
  expect(readFileSync(`/proc/${leasePid}/stat`, 'latin1')).not.toContain(') Z');
});

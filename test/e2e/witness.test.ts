// Control keeps a witness: a voter in a process of its own, that goes on voting without control.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { failoverGroupsSchema, failoverPreflightSchema } from '../../services/protocol/failover.ts';
import { createCluster, type LeaseCluster, until } from '../lease/lease-cluster.ts';
import { endAll, startProcess } from './real-process.ts';

const inTime = { timeout: 30_000, interval: 100 };
let folder = '';
let cluster: LeaseCluster | undefined;
let witnessPid = 0;
afterEach(async () => {
  if (witnessPid !== 0) process.kill(witnessPid, 'SIGKILL');
  witnessPid = 0;
  await endAll();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a member and the witness beside control are a majority, also when control is gone', async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-witness-'));
  cluster = await createCluster(3, { advertMs: 200, witnesses: [3] });
  const [first, , third] = cluster.nodes;
  if (first === undefined || third === undefined) throw new Error('three nodes');
  // Its first state is made as any voter's; from then on only control starts it.
  await third.start();
  third.kill('SIGKILL');
  await third.ended();
  await first.start();

  const config = join(folder, 'control.yaml');
  const lease = { config: join(third.folder, 'lease.yaml'), socket: join(third.folder, 'run', 'status.sock') };
  writeFileSync(config, JSON.stringify({ listen: { port: 0 }, dataDir: join(folder, 'control'), lease }));
  const control = await startProcess('control', ['--config', config]);
  witnessPid = await until('control starts the witness', async () => {
    const pid = Number(/"leasePid":(\d+)/.exec(control.stderr())?.[1]);
    return Number.isNaN(pid) ? undefined : pid;
  });
  await until('the member owns', async () => ((await first.status()).role === 'holding' ? true : undefined));

  await vi.waitFor(async () => {
    const { groups } = failoverGroupsSchema.parse(await (await fetch(`${control.url}/api/v1/failover/groups`)).json());
    expect(groups[0]?.owner?.node).toBe('mx1');
    expect(groups[0]?.voters.find(({ node }) => node === 'mx3')?.word).toMatchObject({
      mode: 'witness',
      vote: 'voting',
    });
  }, inTime);
  const preflight = await (await fetch(`${control.url}/api/v1/failover/groups/mail/preflight`)).json();
  const { answers } = failoverPreflightSchema.parse(preflight);
  expect(answers.find(({ node }) => node === 'mx3')?.preflight?.checks.length).toBeGreaterThan(0);

  await control.end('SIGKILL');
  expect(readFileSync(`/proc/${witnessPid}/cmdline`, 'utf8')).toContain('lease.yaml');
  // Longer than any lease without its renewals: only the witness's votes can have kept it, or given it anew on a slow machine.
  const uptime = () => Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  const killedAt = uptime();
  await until('it owns some leases later', async () =>
    uptime() - killedAt > 3 && (await first.status()).role === 'holding' ? true : undefined,
  );
});

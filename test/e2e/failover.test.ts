// Who owns what, from real lease processes in shadow through their agents to control: the view, moves, preflight, orders, metrics.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type FailoverGroup,
  failoverExplanationSchema,
  failoverGroupsSchema,
  failoverHistorySchema,
  failoverPreflightSchema,
} from '../../services/protocol/failover.ts';
import { createCluster, type LeaseCluster, type LeaseNode, theHolder } from '../lease/lease-cluster.ts';
import { endAll, type RealProcess, startProcess } from './real-process.ts';

const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find((path) => existsSync(path));
if (promtool === undefined && process.env.CI === 'true') throw new Error('promtool is missing: install prometheus');
if (promtool === undefined) process.stderr.write('failover: the exposition is not checked, promtool is missing\n');
const inTime = { timeout: 30_000, interval: 100 };
let folder = '';
let cluster: LeaseCluster | undefined;
afterEach(async () => {
  await endAll();
  for (const pid of leasesOf(cluster?.nodes ?? [])) process.kill(pid, 'SIGKILL');
  await cluster?.stop();
  cluster = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function startCluster(): Promise<readonly LeaseNode[]> {
  folder = mkdtempSync(join(tmpdir(), 'mailward-failover-'));
  cluster = await createCluster(3, { advertMs: 200, witnesses: [3] });
  await Promise.all(cluster.nodes.map((node) => node.start()));
  return cluster.nodes;
}
const startControl = (port = 0): Promise<RealProcess> =>
  startProcess('control', ['--port', String(port), '--data-dir', join(folder, 'control')]);

function startAgent(node: LeaseNode, controlUrl: string): Promise<RealProcess> {
  const file = join(node.folder, 'agent.yaml');
  const lease = { config: join(node.folder, 'lease.yaml'), socket: join(node.folder, 'run', 'status.sock') };
  const files = [join(node.folder, 'mail.log')];
  writeFileSync(file, JSON.stringify({ node: `mx${node.number}`, files, metrics: { port: 0 }, lease }));
  return startProcess('agent', ['--config', file, '--control', controlUrl, '--data-dir', join(node.folder, 'agent')]);
}
const ask = async (control: RealProcess, path: string): Promise<unknown> =>
  (await fetch(`${control.url}/api/v1/failover/groups${path}`)).json();
/** Also those that an agent started anew, which outlive it. */
function leasesOf(nodes: readonly LeaseNode[]): number[] {
  const isOurs = (pid: string): boolean => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return nodes.some((node) => command.includes(join(node.folder, 'lease.yaml')));
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOurs(name))
    .map(Number);
}
async function readGroup(control: RealProcess): Promise<FailoverGroup> {
  const { groups } = failoverGroupsSchema.parse(await ask(control, ''));
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  return group;
}

test('control shows one picture of what the voters say, and remembers the moves over its own restart', async () => {
  const nodes = await startCluster();
  const control = await startControl();
  const agents = await Promise.all(nodes.map((node) => startAgent(node, control.url)));
  const holder = await theHolder(nodes);
  await vi.waitFor(async () => {
    const group = await readGroup(control);
    expect(group).toMatchObject({ group: 'mail', sentence: { code: 'shadow', args: { node: `mx${holder.number}` } } });
    expect(group.votes).toEqual({ voters: 3, heard: 3, quorum: 2, agree: 3 });
  }, inTime);
  const { voters, owner } = await readGroup(control);
  expect(voters.map(({ node, isOwner, unfit }) => [node, isOwner, unfit.map(({ code }) => code)])).toEqual([
    ['mx1', holder.number === 1, []],
    ['mx2', holder.number === 2, []],
    ['mx3', false, ['witness']],
  ]);

  const metrics = await (await fetch(`${agents[holder.number - 1]?.url}/metrics`)).text();
  expect(metrics).toContain('mailward_lease_owner{group="mail"} 1');
  expect(metrics).toContain('mailward_lease_voters_heard{group="mail"} 3');
  const ofControl = await (await fetch(`${control.url}/metrics`)).text();
  expect(ofControl).toContain(`mailward_group_owner{group="mail",node="mx${holder.number}"} 1`);
  expect(ofControl).toContain('mailward_group_votes{group="mail"} 3');
  if (promtool !== undefined)
    for (const text of [metrics, ofControl]) {
      const input = `${text
        .split('\n')
        .filter((line) => /mailward_(lease|group)_/.test(line))
        .join('\n')}\n`;
      expect(execFileSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
    }

  const heir = nodes.find((node) => node.number === 3 - holder.number);
  await holder.order({ kind: 'handOver' });
  await vi.waitFor(async () => expect((await readGroup(control)).owner?.node).toBe(`mx${heir?.number}`), inTime);
  await vi.waitFor(async () => {
    const { moves } = failoverHistorySchema.parse(await ask(control, '/mail/history'));
    expect(moves[0]).toMatchObject({
      ...{ from: `mx${holder.number}`, to: `mx${heir?.number}`, heldMs: null },
      ...{ why: expect.stringMatching(/.+/), gapMs: expect.any(Number) },
    });
  }, inTime);

  await control.end('SIGKILL');
  for (const agent of agents) await agent.end('SIGKILL');
  const second = await startControl(control.port);
  const kept = await readGroup(second);
  expect(kept.sentence).toMatchObject({ severity: expect.any(String) });
  expect(kept.voters.every(({ word }) => word !== null)).toBe(true);
  expect(failoverHistorySchema.parse(await ask(second, `/${kept.id}/history`)).moves[0]?.epoch).toBeGreaterThan(
    owner?.epoch ?? 0,
  );
});

test('preflight and what was decided are asked of every voter, and says who does not answer', async () => {
  const nodes = await startCluster();
  const control = await startControl();
  for (const node of nodes.slice(0, 2)) await startAgent(node, control.url);
  await theHolder(nodes);
  await vi.waitFor(async () => expect((await readGroup(control)).votes.heard).toBe(2), inTime);
  const { answers } = failoverPreflightSchema.parse(await ask(control, '/mail/preflight'));
  const ofFirst = answers.find(({ node }) => node === 'mx1')?.preflight;
  expect(ofFirst?.checks.map(({ name }) => name)).toContain('contact with mx3');
  expect(ofFirst?.roundTripMs).toBeLessThan(200);
  const explained = failoverExplanationSchema.parse(await ask(control, '/mail/explain')).answers;
  expect(explained.find(({ node }) => node === 'mx1')?.explanation?.reasons.length).toBeGreaterThan(3);
  expect(explained.find(({ node }) => node === 'mx3')?.explanation).toBeNull();
  expect(answers.find(({ node }) => node === 'mx3')).toMatchObject({
    preflight: null,
    silence: 'The agent of mx3 is not connected.',
  });
});

test('an owner that is stopped says why, with its last words', async () => {
  const nodes = await startCluster();
  const control = await startControl();
  await Promise.all(nodes.map((node) => startAgent(node, control.url)));
  const holder = await theHolder(nodes);
  await vi.waitFor(async () => expect((await readGroup(control)).votes.agree).toBe(3), inTime);
  holder.kill('SIGTERM');
  await vi.waitFor(async () => {
    const { moves } = failoverHistorySchema.parse(await ask(control, '/mail/history'));
    const [move] = moves.filter(({ from, to }) => from === `mx${holder.number}` && to !== from);
    expect(move).toMatchObject({ why: 'Told to hand over: the guard closes first.', gapMs: expect.any(Number) });
  }, inTime);
});

test('without control the lease goes on, and what happened meanwhile is told when control is there', async () => {
  const nodes = await startCluster();
  await Promise.all(nodes.map((node) => startAgent(node, 'http://127.0.0.1:9')));
  const first = await theHolder(nodes);
  const before = await first.status();
  await vi.waitFor(async () => expect((await first.status()).leaseLeftMs).toBeGreaterThan(0), inTime);
  expect((await first.status()).epoch).toBe(before.epoch);
  await endAll();

  const control = await startControl();
  await Promise.all(nodes.map((node) => startAgent(node, control.url)));
  await vi.waitFor(async () => {
    const { moves } = failoverHistorySchema.parse(await ask(control, '/mail/history'));
    expect(moves.map(({ epoch }) => epoch)).toContain(before.epoch);
  }, inTime);
});

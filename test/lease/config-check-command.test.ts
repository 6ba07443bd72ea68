// `mailward config check` of a lease: its own file, the file that an agent or control names, and what the network can hold.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createCluster, type LeaseCluster, theHolder } from './lease-cluster.ts';

const cli = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');
let cluster: LeaseCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

function check(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'config', 'check', ...args], (error, out, err) =>
      resolve({ status: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test('a lease file is checked by itself and where it is named, with its place', async () => {
  cluster = await createCluster(3, { advertMs: 200 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('three nodes');
  const file = join(node.folder, 'lease.yaml');
  const sound = await check(file);
  expect(sound.status).toBe(0);
  expect(sound.out).toContain(`${file} is a sound configuration of mailward lease.`);
  expect(sound.out).toMatch(
    /No lease process answers at .*, so the round trips of the network could not be measured\./,
  );

  const text = readFileSync(file, 'utf8');
  const config = JSON.parse(text) as { groups: { voters: { number: number }[] }[] };
  const [group] = config.groups;
  if (group === undefined) throw new Error('one group');
  for (const voter of group.voters) voter.number = 1;
  writeFileSync(file, JSON.stringify({ ...config, groups: [{ ...group, keys: [{ id: 1, secretFile: '/none' }] }] }));
  const faulty = JSON.parse((await check(file, '--json')).out);
  expect(faulty).toMatchObject({ process: 'lease', isSound: false });
  expect(JSON.stringify(faulty.faults)).toContain('number 1 is also that of voter 1');

  const agentFile = join(node.folder, 'agent.yaml');
  const socket = join(node.folder, 'run', 'status.sock');
  writeFileSync(agentFile, JSON.stringify({ lease: { config: file, socket } }));
  const named = await check(agentFile);
  expect(named.status).toBe(1);
  expect(named.out).toContain(`${agentFile} is a sound configuration of mailward agent.`);
  expect(named.out).toMatch(/lease\.yaml:1: groups\.0\.voters\.1\.number: number 1 is also that of voter 1/);
  const controlFile = join(node.folder, 'control.yaml');
  writeFileSync(controlFile, JSON.stringify({ lease: { config: join(node.folder, 'none.yaml') } }));
  expect((await check(controlFile)).out).toMatch(/none\.yaml:1: The configuration file .* cannot be read/);

  writeFileSync(
    file,
    JSON.stringify({
      ...JSON.parse(text),
      groups: [{ ...JSON.parse(text).groups[0], keys: [{ id: 1, secretFile: '/none' }] }],
    }),
  );
  expect((await check(file)).out).toContain('groups.0.keys.0: The key file /none of group mail cannot be read.');
});

test('a process that would be looked for where it does not answer is refused', async () => {
  cluster = await createCluster(3, { advertMs: 200 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('three nodes');
  const controlFile = join(node.folder, 'control.yaml');
  writeFileSync(controlFile, JSON.stringify({ lease: { config: join(node.folder, 'lease.yaml') } }));
  expect((await check(controlFile)).out).toMatch(
    /lease\.yaml:1: runDir: The process will answer at .*run\/status\.sock, and is looked for at \/run\/mailward\/witness\/status\.sock/,
  );
});

test('where the lease process runs, A is measured against the network, and T against the running group', async () => {
  cluster = await createCluster(3, { advertMs: 200 });
  await Promise.all(cluster.nodes.map((node) => node.start()));
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('three nodes');
  await theHolder(cluster.nodes);
  const file = join(node.folder, 'lease.yaml');
  const sound = await check(file);
  expect(sound.out).toMatch(/mail: the slowest round trip that may be needed is [\d.]+ ms \(p99, measured now\)\./);
  expect(sound.status).toBe(0);
  // A of 400 ms needs T of 1000 ms; the group's own, of 500 ms, is durable.
  node.writeConfig({ advertMs: 400, rttMs: 10, leaseMs: 1000 });
  const faulty = await check(file);
  expect(faulty.status).toBe(1);
  expect(faulty.out).toMatch(
    /lease\.yaml:1: groups\.0\.advertMs: T of the running group is 500 ms.*retime first, mailward failover retime 1000/,
  );
});

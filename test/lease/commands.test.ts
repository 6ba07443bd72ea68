// `mailward failover` beside real lease processes in shadow, as a person would use it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCluster, type LeaseCluster, type LeaseNode, theHolder, until } from './lease-cluster.ts';

const cli = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');
let cluster: LeaseCluster;
let holder: LeaseNode;

beforeAll(async () => {
  cluster = await createCluster(3, { advertMs: 200 });
  await Promise.all(cluster.nodes.map((node) => node.start()));
  holder = await theHolder(cluster.nodes);
});
afterAll(() => cluster.stop());

function failover(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const flags = ['failover', ...args, '--socket', join(holder.folder, 'run', 'status.sock')];
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...flags], (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('status says who owns and why, in words and as JSON', async () => {
  const { status, stdout } = await failover('status');
  expect(status).toBe(0);
  expect(stdout).toContain(`mail: owned by mx${holder.number}`);
  expect(stdout).toContain('This member owns the addresses, under epoch');
  expect(stdout).toMatch(/mx\d \(here\) +yes/);
  const json = JSON.parse((await failover('status', '--json')).stdout);
  expect(json.groups[0]).toMatchObject({ group: 'mail', mode: 'shadow', owner: holder.number });
  expect(JSON.parse((await failover('keys', '--group', 'mail', '--json')).stdout).groups).toHaveLength(1);
});

test('explain and history tell what was decided, in the words of the table', async () => {
  expect((await failover('explain')).stdout).toContain(
    'A majority answered: the lease runs T_h from when it was asked.',
  );
  expect((await failover('history')).stdout).toContain(
    'A majority granted the lease: the ballot is won and is the epoch.',
  );
});

test('preflight measures, and says what each cut would do', async () => {
  const { stdout } = await failover('preflight');
  for (const other of cluster.nodes.filter((node) => node !== holder))
    expect(stdout).toContain(`mx${other.number} answers.`);
  expect(stdout).toMatch(/round trip: The slowest round trip that may be needed is [\d.]+ ms/);
  expect(stdout).toMatch(/when the owner is lost +another member takes over within about \d+ ms/);
  const lost = cluster.nodes.findLast((node) => node !== holder);
  lost?.kill('SIGSTOP');
  try {
    const json = await until('the loss shows', async () => {
      const { checks } = JSON.parse((await failover('preflight', '--json')).stdout);
      const found = checks.find((check: { name: string }) => check.name === `contact with mx${lost?.number}`);
      return found.grade === 'fault' ? found : undefined;
    });
    expect(json.sentence).toContain('does not answer at 127.0.0.1');
  } finally {
    lost?.kill('SIGCONT');
  }
});

test('what the machine refuses is said, with status 1; a faulty call is status 2', async () => {
  const refused = await failover('voters', 'remove', String(holder.number));
  expect(refused).toMatchObject({ status: 1 });
  expect(refused.stdout).toMatch(/^Refused: /);
  const added = await failover('voters', 'add', '9');
  expect(added.stderr).toContain('No voter of mail has the number 9');
  expect(added.status).not.toBe(0);
  expect((await failover('retime', 'soon')).status).toBe(2);
  for (const command of ['explain', 'status', 'keys']) {
    const { status, stderr, stdout } = await failover(command, '--group', 'none');
    expect({ command, status, stdout }).toEqual({ command, status: 1, stdout: '' });
    expect(stderr).toContain('There is no group none here');
  }
});

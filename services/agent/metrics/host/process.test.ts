import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Family } from '../family.ts';
import { createProcessSampler } from './process-sampler.ts';
import { createProcessScan } from './process-scan.ts';
import { parseProcessStat } from './process-table.ts';
import { createServiceLimits, parseDoveconf } from './service-limits.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailward-proc-'));
  await mkdir(join(root, 'self'));
  await writeFile(join(root, 'self/smaps'), 'KernelPageSize:        4 kB\n');
  await writeFile(join(root, 'stat'), 'cpu  1 2 3\nbtime 1795000000\n');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

type Recorded = {
  readonly pid: number;
  readonly parentPid?: number;
  readonly comm: string;
  readonly args?: readonly string[];
  readonly cpuTicks?: number;
  readonly startTicks?: number;
  readonly descriptors?: number;
};

/** A process as /proc has it. */
async function record(process: Recorded): Promise<void> {
  const { pid, parentPid = 1, comm, args = [comm], cpuTicks = 0, startTicks = pid * 100, descriptors = 3 } = process;
  const folder = join(root, String(pid));
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'fd'), { recursive: true });
  const stat = [
    `${pid} (${comm}) S ${parentPid} 1 1 0 -1 4194304 102 0 0 0 ${cpuTicks} 0 0 0 20 0 1 0 ${startTicks} 3133440 250 0`,
  ];
  await writeFile(join(folder, 'stat'), stat.join(' '));
  await writeFile(join(folder, 'cmdline'), `${args.join('\0')}\0`);
  await writeFile(
    join(folder, 'limits'),
    'Limit  Soft  Hard  Units\nMax open files            10                 4096                 files\n',
  );
  for (let at = 0; at < descriptors; at++) await writeFile(join(folder, 'fd', String(at)), '');
}

async function recordMailNode(): Promise<void> {
  await record({ pid: 1, parentPid: 0, comm: 'systemd' });
  await record({ pid: 100, comm: 'master', args: ['/usr/lib/postfix/sbin/master', '-w'] });
  await record({ pid: 101, parentPid: 100, comm: 'qmgr', args: ['qmgr', '-l', '-t', 'unix', '-u'] });
  await record({ pid: 102, parentPid: 100, comm: 'smtpd', args: ['smtpd', '-n', 'smtp', '-t', 'inet', '-u'] });
  await record({ pid: 103, parentPid: 100, comm: 'smtpd', args: ['smtpd', '-n', 'submission', '-t', 'inet'] });
  await record({
    pid: 104,
    parentPid: 100,
    comm: 'smtpd',
    args: ['smtpd', '-n', 'smtp', '-t', 'inet'],
    descriptors: 9,
  });
  await record({ pid: 200, comm: 'dovecot', args: ['/usr/sbin/dovecot', '-F'] });
  await record({ pid: 201, parentPid: 200, comm: 'imap-login', args: ['dovecot/imap-login [1 pre-login]'] });
  await record({ pid: 300, comm: 'master', args: ['/usr/bin/something-else'] });
  await record({ pid: 301, comm: 'bash' });
}

const never = new AbortController().signal;
const fail = (error: unknown): never => {
  throw error;
};

function sampler(limits: Parameters<typeof createProcessSampler>[0]['limits'] = undefined) {
  const made = createProcessSampler(
    {
      procRoot: root,
      sysRoot: join(root, 'sys'),
      cadenceMs: 1,
      limitMs: 1,
      ...(limits === undefined ? {} : { limits }),
    },
    {
      readLimits: async () => [
        { software: 'postfix', service: 'smtp/inet', processLimit: 2, instance: 'postfix', masterPid: 100 },
        { software: 'postfix', service: 'bounce/unix', processLimit: undefined, instance: 'postfix', masterPid: 100 },
        { software: 'dovecot', service: 'imap-login', processLimit: 100, clientLimit: 1000 },
      ],
    },
  );
  return () => made.sample(never, fail);
}

function value(families: readonly Family[], name: string, labels: Record<string, string>): number | undefined {
  const family = families.find((each) => each.name === name);
  return family?.samples.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
}

test('a name in parentheses may hold blanks and parentheses', () => {
  const stat = parseProcessStat('42 (a (b) c) S 7 1 1 0 -1 0 0 0 0 0 11 22 0 0 20 0 1 0 999 0 5 0');
  expect(stat).toMatchObject({
    pid: 42,
    parentPid: 7,
    comm: 'a (b) c',
    cpuTicks: 33,
    startTicks: 999,
    residentPages: 5,
  });
  expect(parseProcessStat('nonsense')).toBeUndefined();
});

test('mail processes are known by their parents and command lines, and nobody else is', async () => {
  await recordMailNode();
  const { processes } = createProcessScan(root)();
  expect(processes.map(({ pid, software, service }) => `${pid} ${software}/${service}`)).toEqual([
    '100 postfix/master',
    '101 postfix/qmgr',
    '102 postfix/smtpd',
    '103 postfix/smtpd',
    '104 postfix/smtpd',
    '200 dovecot/dovecot',
    '201 dovecot/imap-login',
  ]);
});

test('memory, descriptors and starts by service; used against the limit by service of master.cf', async () => {
  await recordMailNode();
  const families = await sampler()();
  const smtpd = { software: 'postfix', service: 'smtpd' };
  expect(value(families, 'mailward_processes', smtpd)).toBe(3);
  expect(value(families, 'mailward_process_resident_memory_bytes', smtpd)).toBe(3 * 250 * 4096);
  expect(value(families, 'mailward_process_open_descriptors', smtpd)).toBe(15);
  expect(value(families, 'mailward_process_descriptors_used_ratio', smtpd)).toBe(0.9);
  const smtp = { software: 'postfix', service: 'smtp/inet', postfix_instance: 'postfix' };
  expect(value(families, 'mailward_service_processes', smtp)).toBe(2);
  expect(value(families, 'mailward_service_processes_limit', smtp)).toBe(2);
  const bounce = { software: 'postfix', service: 'bounce/unix', postfix_instance: 'postfix' };
  expect(value(families, 'mailward_service_processes', bounce)).toBe(0);
  expect(value(families, 'mailward_service_processes_limit', bounce)).toBeUndefined();
  expect(value(families, 'mailward_service_processes', { software: 'dovecot', service: 'imap-login' })).toBe(1);
  expect(value(families, 'mailward_daemon_start_time_seconds', { software: 'postfix' })).toBe(1795000100);
});

test('processor time and starts count from the first scan on, and never fall', async () => {
  await recordMailNode();
  await record({ pid: 101, parentPid: 100, comm: 'qmgr', cpuTicks: 5000 });
  const sample = sampler();
  const qmgr = { software: 'postfix', service: 'qmgr' };
  const cpu = async () => value(await sample(), 'mailward_process_cpu_seconds_total', qmgr);
  expect(await cpu()).toBe(0);
  await record({ pid: 101, parentPid: 100, comm: 'qmgr', cpuTicks: 5250 });
  expect(await cpu()).toBe(2.5);
  await rm(join(root, '101'), { recursive: true });
  expect(await cpu()).toBe(2.5);
  // The same number again, but another process: all that it used is new.
  await record({ pid: 101, parentPid: 100, comm: 'qmgr', cpuTicks: 100, startTicks: 777_000 });
  const families = await sample();
  expect(value(families, 'mailward_process_cpu_seconds_total', qmgr)).toBe(3.5);
  expect(value(families, 'mailward_process_starts_total', qmgr)).toBe(1);
  expect(value(families, 'mailward_process_starts_total', { software: 'postfix', service: 'smtpd' })).toBe(0);
});

test('a restart of the master shows in its start time', async () => {
  await recordMailNode();
  const sample = sampler();
  await sample();
  await record({ pid: 400, comm: 'master', args: ['/usr/lib/postfix/sbin/master', '-w'], startTicks: 90_000 });
  await rm(join(root, '100'), { recursive: true });
  const families = await sample();
  expect(value(families, 'mailward_daemon_start_time_seconds', { software: 'postfix' })).toBe(1795000900);
});

test('processes beyond the bounds are not looked at, and their number is stated', async () => {
  await recordMailNode();
  const families = await sampler({ processesMax: 9, mailProcessesMax: 2 })();
  expect(value(families, 'mailward_processes_left_out', {})).toBe(1 + 5);
});

test('limits of doveconf: 0 is the default, and the largest number is none', () => {
  const limits = parseDoveconf(`default_client_limit = 1000
default_process_limit = 100
service imap-login {
  client_limit = 0
  inet_listener imap {
    port = 143
  }
  process_limit = 0
}
service anvil {
  client_limit = 18446744073709551615
  process_limit = 1
}
`);
  expect(limits).toEqual([
    { software: 'dovecot', service: 'imap-login', processLimit: 100, clientLimit: 1000 },
    { software: 'dovecot', service: 'anvil', processLimit: 1 },
  ]);
});

test('doveconf is run once, and again only after a file changed', async () => {
  const directory = join(root, 'dovecot');
  await mkdir(join(directory, 'conf.d'), { recursive: true });
  await writeFile(join(directory, 'dovecot.conf'), '');
  await writeFile(join(directory, 'conf.d/10-master.conf'), '');
  let runs = 0;
  const readLimits = createServiceLimits(
    { postfixDirectory: join(root, 'no-postfix'), dovecotDirectory: directory },
    {
      readCommand: async () => {
        runs++;
        return 'service lmtp {\n  process_limit = 7\n}\n';
      },
    },
  );
  expect(await readLimits(never, fail)).toEqual([{ software: 'dovecot', service: 'lmtp', processLimit: 7 }]);
  await readLimits(never, fail);
  expect(runs).toBe(1);
  await cp(join(directory, 'dovecot.conf'), join(directory, 'conf.d/99-local.conf'));
  await readLimits(never, fail);
  expect(runs).toBe(2);
});

test('without Dovecot or Postfix there are no limits and no problem', async () => {
  const readLimits = createServiceLimits(
    { postfixDirectory: join(root, 'none'), dovecotDirectory: join(root, 'none') },
    { readCommand: async () => fail(new Error('nothing to ask')) },
  );
  expect(await readLimits(never, fail)).toEqual([]);
});

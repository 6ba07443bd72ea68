import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBounded } from '../bounded-read.ts';
import type { Family } from '../family.ts';
import { readCgroup } from './cgroup.ts';
import { findMount } from './mounts.ts';
import { createConnectionSampler, createNetworkSampler, devicesMax } from './network-samplers.ts';
import { clientsMax, countConnections, type PortCount } from './proc-net.ts';
import { parseMdstat } from './raid.ts';
import { createFilesystemSampler, createRaidSampler } from './storage-samplers.ts';
import { createTimeSampler, parseChronyTracking, parseTimedatectl } from './time-sampler.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailward-host-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});
const never = new AbortController().signal;
const fail = (error: unknown): never => {
  throw error;
};
const cadence = () => ({ procRoot: root, cadenceMs: 1, limitMs: 1 });

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

function value(families: readonly Family[], name: string, labels: Record<string, string>): number | undefined {
  const family = families.find((each) => each.name === name);
  return family?.samples.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
}

const tcpHead =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n';
const row = (local: string, remote: string, state: string, queues = '00000000:00000000') =>
  `   0: ${local} ${remote} ${state} ${queues} 00:00000000 00000000     0        0 1674 1 00000000df47355d 100 0 0 10 0                      \n`;

test('connections are counted by port and family, an IPv4 client on an IPv6 socket as IPv4', async () => {
  const any6 = '00000000000000000000000000000000';
  const mapped = '0000000000000000FFFF00000100000A';
  const client6 = 'B80D0120000000000000000001000000';
  await put(
    'net/tcp',
    tcpHead +
      row('00000000:0019', '00000000:0000', '0A', '00000000:00000003') +
      row('0100000A:0019', '0200000A:C350', '01') +
      row('0100000A:0019', '0200000A:C351', '01') +
      row('0100000A:0019', '0300000A:C352', '08') +
      row('0100000A:0016', '0300000A:C353', '01'),
  );
  await put(
    'net/tcp6',
    tcpHead +
      row(`${any6}:03E1`, `${any6}:0000`, '0A') +
      row(`${mapped}:03E1`, `${mapped}:C350`, '01') +
      row(`${client6}:03E1`, `${client6}:C350`, '01'),
  );
  const families = await createConnectionSampler({ ...cadence(), ports: [25, 993] }).sample(never, fail);
  const smtp = { port: '25', family: 'ipv4' };
  expect(value(families, 'mailward_port_listening', smtp)).toBe(1);
  expect(value(families, 'mailward_port_connections', smtp)).toBe(2);
  expect(value(families, 'mailward_port_client_connections_max', smtp)).toBe(2);
  expect(value(families, 'mailward_port_close_wait', smtp)).toBe(1);
  expect(value(families, 'mailward_port_accept_backlog', smtp)).toBe(3);
  expect(value(families, 'mailward_port_listening', { port: '25', family: 'ipv6' })).toBe(0);
  expect(value(families, 'mailward_port_connections', { port: '993', family: 'ipv4' })).toBe(1);
  expect(value(families, 'mailward_port_connections', { port: '993', family: 'ipv6' })).toBe(1);
  expect(families.flatMap(({ samples }) => samples).some(({ labels }) => labels.port === '22')).toBe(false);
});

test('a flood of client addresses takes bounded memory and is counted all the same', () => {
  let flood = tcpHead;
  for (let at = 0; at < clientsMax + 10; at++)
    flood += row('0100000A:0019', `${at.toString(16).toUpperCase().padStart(8, '0')}:C350`, '01');
  // The last address has most connections, but came when no more were counted apart.
  flood += row('0100000A:0019', 'FFFFFFFF:C351', '01') + row('0100000A:0019', 'FFFFFFFF:C352', '01');
  const counts = new Map<string, PortCount>();
  countConnections(flood, 'ipv4', new Set([25]), counts);
  expect(counts.get('25/ipv4')).toMatchObject({ established: clientsMax + 12, mostOfOneClient: 1 });
});

test('more devices than are stated are left out', async () => {
  const lines = Array.from({ length: devicesMax + 5 }, (_, at) => `veth${at}: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0`);
  await put('net/dev', `head\nhead\n${lines.join('\n')}\n`);
  const families = await createNetworkSampler(cadence()).sample(never, fail);
  expect(families[0]?.samples).toHaveLength(devicesMax);
});

test('of a file only so much is read, and of one that is not there nothing', async () => {
  await put('long', 'x'.repeat(100_000));
  expect((await readBounded(join(root, 'long'), 70_000))?.length).toBe(70_000);
  expect((await readBounded(join(root, 'long'), 200_000))?.length).toBe(100_000);
  expect(await readBounded(join(root, 'none'), 10)).toBeUndefined();
  expect(await readBounded(join(root, 'long/under'), 10)).toBeUndefined();
});

test('throughput and errors of devices, the loopback left out', async () => {
  await put(
    'net/dev',
    `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    9062      67    0    0    0     0          0         0     9062      67    0    0    0     0       0          0
  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
`,
  );
  const families = await createNetworkSampler(cadence()).sample(never, fail);
  const eth0 = { device: 'eth0' };
  expect(value(families, 'mailward_network_receive_bytes_total', eth0)).toBe(1000);
  expect(value(families, 'mailward_network_receive_drops_total', eth0)).toBe(2);
  expect(value(families, 'mailward_network_transmit_packets_total', eth0)).toBe(20);
  expect(value(families, 'mailward_network_transmit_errors_total', eth0)).toBe(3);
  expect(families[0]?.samples).toHaveLength(1);
});

test('limits of control groups, version 2: the tightest on the way up, and none where none is set', async () => {
  await put('7/cgroup', '0::/system.slice/postfix.service\n');
  const group = 'sys/fs/cgroup/system.slice/postfix.service';
  await put('sys/fs/cgroup/cgroup.controllers', 'cpu memory pids\n');
  await put('sys/fs/cgroup/system.slice/memory.max', '1000000\n');
  await put(`${group}/memory.max`, '2000000\n');
  await put(`${group}/memory.current`, '4096\n');
  await put(`${group}/cpu.max`, '50000 100000\n');
  await put(`${group}/cpu.stat`, 'usage_usec 5\nthrottled_usec 2500000\n');
  await put(`${group}/pids.current`, '12\n');
  await put(`${group}/pids.max`, 'max\n');
  expect(await readCgroup(root, join(root, 'sys'), 7)).toEqual({
    memoryBytes: 4096,
    memoryLimitBytes: 1_000_000,
    cpuLimitCores: 0.5,
    throttledSeconds: 2.5,
    processes: 12,
    processesLimit: undefined,
  });
});

test('limits of control groups, version 1, also when a container does not show the path', async () => {
  await put('7/cgroup', '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:pids:/docker/abc\n');
  await put('sys/fs/cgroup/memory/memory.usage_in_bytes', '4096\n');
  await put('sys/fs/cgroup/memory/memory.limit_in_bytes', '8192\n');
  await put('sys/fs/cgroup/cpu/cpu.cfs_quota_us', '-1\n');
  await put('sys/fs/cgroup/cpu/cpu.cfs_period_us', '100000\n');
  await put('sys/fs/cgroup/cpu/cpu.stat', 'nr_throttled 1\nthrottled_time 1000000000\n');
  await put('sys/fs/cgroup/pids/docker/abc/pids.max', '9223372036854771712\n');
  expect(await readCgroup(root, join(root, 'sys'), 7)).toEqual({
    memoryBytes: 4096,
    memoryLimitBytes: 8192,
    cpuLimitCores: undefined,
    throttledSeconds: 1,
    processes: undefined,
    processesLimit: undefined,
  });
});

test('where there are no control groups everything is absent', async () => {
  const usage = await readCgroup(root, join(root, 'sys'), 7);
  expect(Object.values(usage).every((each) => each === undefined)).toBe(true);
});

const mdstat = `Personalities : [raid1] [raid6] [raid5] [raid4]
md1 : active raid5 sdd1[3] sdc1[1] sdb1[0](F)
      2095104 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [_UU]
      [=>...................]  recovery =  8.5% (90000/1047552) finish=1.0min speed=15000K/sec

md0 : active raid1 sdb1[1] sda1[0]
      1046528 blocks super 1.2 [2/2] [UU]
      bitmap: 0/1 pages [0KB], 65536KB chunk

md127 : inactive sde1[0](S)
      1047552 blocks super 1.2

unused devices: <none>
`;

test('arrays of mdstat with their members and what they are doing', () => {
  const none = { members: undefined, membersInSync: undefined, progressRatio: undefined };
  expect(parseMdstat(mdstat)).toEqual([
    { device: 'md1', level: 'raid5', isActive: true, members: 3, membersInSync: 2, failed: 1, progressRatio: 0.085 },
    { ...none, device: 'md0', level: 'raid1', isActive: true, members: 2, membersInSync: 2, failed: 0 },
    { ...none, device: 'md127', level: 'unknown', isActive: false, failed: 0 },
  ]);
});

test('without mdstat or arrays there is nothing about RAID', async () => {
  expect(await createRaidSampler(cadence()).sample(never, fail)).toEqual([]);
  await put('mdstat', mdstat);
  const families = await createRaidSampler(cadence()).sample(never, fail);
  expect(value(families, 'mailward_raid_members_in_sync', { device: 'md1', level: 'raid5' })).toBe(2);
  expect(value(families, 'mailward_raid_members', { device: 'md127', level: 'unknown' })).toBeUndefined();
});

test('the mount of a path is the longest above it, escapes undone', () => {
  const mounts =
    '/dev/a / ext4 rw 0 0\n/dev/b /var ext4 rw 0 0\n/dev/c /var/ma\\040il xfs ro,noatime 0 0\n/dev/d /var/mailer ext4 rw 0 0\n';
  expect(findMount(mounts, '/var/ma il/x')).toEqual({ mountPoint: '/var/ma il', type: 'xfs', isReadOnly: true });
  expect(findMount(mounts, '/var/mail')?.mountPoint).toBe('/var');
  expect(findMount(mounts, '/etc')?.mountPoint).toBe('/');
});

test('a file system has space and inodes; a directory that is not there is absent', async () => {
  await put('self/mounts', `/dev/x ${root} ext4 ro 0 0\n`);
  const directories = [
    { use: 'queue', path: root },
    { use: 'store', path: join(root, 'none') },
  ];
  const families = await createFilesystemSampler({ ...cadence(), directories }).sample(never, fail);
  const queue = { use: 'queue', path: root };
  const size = value(families, 'mailward_filesystem_size_bytes', queue) ?? 0;
  expect(size).toBeGreaterThan(0);
  expect(value(families, 'mailward_filesystem_available_bytes', queue)).toBeLessThanOrEqual(size);
  expect(value(families, 'mailward_filesystem_read_only', queue)).toBe(1);
  expect(families.every(({ samples }) => samples.length <= 1)).toBe(true);
});

const tracking =
  'A29FC87B,162.159.200.123,4,1795364137.2,0.000123456,-0.00002,0.0003,-12.3,-0.001,0.05,0.02,0.001,64.5,Normal\n';

test('what chrony and systemd say of the clock', () => {
  expect(parseChronyTracking(tracking)).toEqual({ isSynchronized: true, offsetSeconds: -0.000123456 });
  expect(parseChronyTracking(tracking.replace('Normal', 'Not synchronised'))?.isSynchronized).toBe(false);
  expect(parseChronyTracking('506 Cannot talk to daemon')).toBeUndefined();
  expect(parseTimedatectl('NTPSynchronized=no\n')).toEqual({ isSynchronized: false });
  expect(parseTimedatectl('')).toBeUndefined();
});

test('systemd is asked when chrony cannot tell, and when nobody can the answer is absent', async () => {
  const ask = (answers: Record<string, string | Error | undefined>) =>
    createTimeSampler(
      { cadenceMs: 1, limitMs: 1 },
      {
        readCommand: async (program) => {
          const answer = answers[program];
          return answer instanceof Error ? fail(answer) : answer;
        },
      },
    ).sample(never, fail);
  const down = new Error('Cannot talk to daemon');
  const both = await ask({ chronyc: tracking, timedatectl: 'NTPSynchronized=no\n' });
  expect(both.map(({ name, samples }) => [name, samples[0]?.value])).toEqual([
    ['mailward_clock_synchronized', 1],
    ['mailward_clock_offset_seconds', -0.000123456],
  ]);
  const systemd = await ask({ chronyc: down, timedatectl: 'NTPSynchronized=no\n' });
  expect(systemd.map(({ samples }) => samples[0]?.value)).toEqual([0]);
  expect(await ask({ chronyc: undefined, timedatectl: down })).toEqual([]);
});

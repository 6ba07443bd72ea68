import { readFileSync, statfsSync } from 'node:fs';
import type { LabPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { findSilent } from './up.ts';
import { findStanding, initsOf } from './what-stands.ts';

export type LabStatus = {
  readonly lab: string;
  readonly pageUrl: string | undefined;
  readonly hosts: readonly HostStatus[];
  /** Proportional set size of all processes plus what the hosts' disks hold, which is memory too. */
  readonly memoryMiB: number;
  readonly ready: boolean;
};
export type HostStatus = {
  readonly name: string;
  readonly role: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly running: boolean;
  readonly processes: number;
  readonly memoryMiB: number;
  /** Services that should listen and do not. */
  readonly silent: readonly string[];
};

export function readStatus(paths: LabPaths): LabStatus {
  const record = readRecord(paths);
  const standing = findStanding(paths);
  const inits = initsOf(standing);
  const silent = findSilent(paths, record);
  const hosts = record.plan.hosts.map((host): HostStatus => {
    const pids = standing.processes.filter((process) => process.host === host.name).map(({ pid }) => pid);
    return {
      name: host.name,
      role: host.role,
      ipv4: host.ipv4,
      ipv6: host.ipv6,
      running: inits.has(host.name),
      processes: pids.length,
      memoryMiB: Math.round(pids.reduce((sum, pid) => sum + memoryKiB(pid), 0) / 1024),
      silent: silent
        .filter((entry) => entry.startsWith(`${host.name} `))
        .map((entry) => entry.slice(host.name.length + 1)),
    };
  });
  const processesMiB = hosts.reduce((sum, host) => sum + host.memoryMiB, 0);
  return {
    lab: paths.name,
    pageUrl: record.pageUrl,
    hosts,
    memoryMiB: processesMiB + diskMiB(standing.mounts),
    ready: silent.length === 0,
  };
}

export function renderStatus(status: LabStatus): string {
  const rows = status.hosts.map((host) => [
    host.name,
    host.role,
    host.ipv4,
    host.ipv6,
    host.running ? `${host.processes} processes, ${host.memoryMiB} MiB` : 'not running',
    host.silent.length === 0 ? '' : `silent: ${host.silent.join(' ')}`,
  ]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const page = status.pageUrl === undefined ? [] : [`The page is at ${status.pageUrl}`];
  return [...lines, `The lab ${status.lab} uses ${status.memoryMiB} MiB of memory, its disks included.`, ...page].join(
    '\n',
  );
}

function memoryKiB(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function diskMiB(mounts: readonly string[]): number {
  const disks = mounts.filter((mount) => mount.includes('/disk'));
  const bytes = disks.map((mount) => statfsSync(mount)).map(({ blocks, bfree, bsize }) => (blocks - bfree) * bsize);
  return Math.round(bytes.reduce((sum, used) => sum + used, 0) / 1024 / 1024);
}

// Limits of control groups, version 1 and 2 (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
import { join } from 'node:path';
import { isMissing, readBounded } from '../bounded-read.ts';

/** Levels that are climbed from a process's group towards the root. */
const levelsMax = 16;
/** Version 1 says "no limit" with the largest number of pages; anything this large is none. */
const noLimitBytes = 2 ** 60;

export type CgroupUsage = {
  readonly memoryBytes: number | undefined;
  /** The tightest limit on the way to the root; `undefined` where there is none. */
  readonly memoryLimitBytes: number | undefined;
  readonly cpuLimitCores: number | undefined;
  readonly throttledSeconds: number | undefined;
  readonly processes: number | undefined;
  readonly processesLimit: number | undefined;
};

/** What the groups of process `pid` use and may use; everything is absent when the node does not show them to us. */
export async function readCgroup(procRoot: string, sysRoot: string, pid: number): Promise<CgroupUsage> {
  const folders = parseCgroups((await readText(join(procRoot, String(pid), 'cgroup'))) ?? '');
  const root = join(sysRoot, 'fs', 'cgroup');
  const isUnified = (await readText(join(root, 'cgroup.controllers'))) !== undefined;
  const at = (controller: string): string | undefined => {
    if (isUnified) return folders.get('') ?? undefined;
    const folder = folders.get(controller);
    return folder === undefined ? undefined : join(controller, folder);
  };
  // In a container the path is that of the host and does not exist here: the mounted root is our own group then.
  const climb = async (
    controller: string,
    file: string,
    read: (text: string) => number | undefined,
    isLimit: boolean,
  ): Promise<number | undefined> => {
    const start = at(controller);
    if (start === undefined) return undefined;
    const top = isUnified ? '.' : controller;
    let tightest: number | undefined;
    let folder = start;
    for (let level = 0; level < levelsMax; level++) {
      const text = await readText(join(root, folder, file));
      const value = text === undefined ? undefined : read(text);
      if (value !== undefined && !isLimit) return value;
      if (value !== undefined) tightest = Math.min(tightest ?? value, value);
      if (join(folder) === top || join(folder) === '/') break;
      folder = join(folder, '..');
    }
    return tightest;
  };
  const number = (text: string): number | undefined => {
    const value = Number(text.trim());
    return Number.isFinite(value) && value >= 0 && value < noLimitBytes ? value : undefined;
  };
  const valueAfter = (name: string, perSecond: number) => (text: string) => {
    const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return value === undefined ? undefined : Number(value) / perSecond;
  };
  return {
    memoryBytes: await climb('memory', isUnified ? 'memory.current' : 'memory.usage_in_bytes', number, false),
    memoryLimitBytes: await climb('memory', isUnified ? 'memory.max' : 'memory.limit_in_bytes', number, true),
    cpuLimitCores: isUnified
      ? await climb('cpu', 'cpu.max', parseCpuMax, true)
      : ratio(
          await climb('cpu', 'cpu.cfs_quota_us', number, true),
          await climb('cpu', 'cpu.cfs_period_us', number, false),
        ),
    throttledSeconds: isUnified
      ? await climb('cpu', 'cpu.stat', valueAfter('throttled_usec', 1e6), false)
      : await climb('cpu', 'cpu.stat', valueAfter('throttled_time', 1e9), false),
    processes: await climb('pids', 'pids.current', number, false),
    processesLimit: await climb('pids', 'pids.max', number, true),
  };
}

/** Lines `number:controllers:path`; version 2 has one with no controllers. */
export function parseCgroups(text: string): ReadonlyMap<string, string> {
  const folderByController = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (controllers === undefined || path.length === 0) continue;
    for (const controller of controllers.split(',')) folderByController.set(controller, path.join(':'));
  }
  return folderByController;
}

/** `max 100000` or `50000 100000`: quota and period in microseconds. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(' ').map(Number);
  return ratio(quota, period);
}

function ratio(quota: number | undefined, period: number | undefined): number | undefined {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return undefined;
  return quota / period;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readBounded(file, 64 * 1024);
  } catch (error) {
    // The root group of a controller has files that cannot be read, and others' groups may be hidden from us.
    const code = (error as NodeJS.ErrnoException).code;
    if (isMissing(error) || code === 'EACCES' || code === 'EINVAL' || code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

import type { Family, Sample } from '../family.ts';
import { type CgroupUsage, readCgroup } from './cgroup.ts';

/** What the control group of each software's main process uses and may use; a limit that does not exist is absent. */
export async function cgroupFamilies(
  procRoot: string,
  sysRoot: string,
  mains: ReadonlyMap<string, { readonly pid: number }>,
): Promise<Family[]> {
  const rows: { labels: { software: string }; usage: CgroupUsage }[] = [];
  for (const [software, { pid }] of mains)
    rows.push({ labels: { software }, usage: await readCgroup(procRoot, sysRoot, pid) });
  const family = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    read: (usage: CgroupUsage) => number | undefined,
  ): Family => ({
    name: `mailward_cgroup_${name}`,
    type,
    help,
    samples: rows.flatMap(({ labels, usage }): Sample[] => {
      const value = read(usage);
      return value === undefined ? [] : [{ labels, value }];
    }),
  });
  return [
    family('memory_bytes', 'gauge', 'Memory of the control group of a software.', (usage) => usage.memoryBytes),
    family(
      'memory_limit_bytes',
      'gauge',
      'Memory that the group may use, by the tightest limit above it.',
      (usage) => usage.memoryLimitBytes,
    ),
    family('cpu_limit_cores', 'gauge', 'Processors that the group may use.', (usage) => usage.cpuLimitCores),
    family(
      'cpu_throttled_seconds_total',
      'counter',
      'Time that the group had to wait for its processor limit.',
      (usage) => usage.throttledSeconds,
    ),
    family('processes', 'gauge', 'Processes and threads of the group.', (usage) => usage.processes),
    family('processes_limit', 'gauge', 'Processes and threads that it may have.', (usage) => usage.processesLimit),
  ];
}

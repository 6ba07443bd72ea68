import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../bounded-read.ts';
import { type MailProcess, nameProcess, type ProcessStat, parseProcessStat } from './process-table.ts';

/** Bounds of one scan. Processes beyond them are not looked at, and their number is stated. */
export const processScanLimits = {
  processesMax: 65_536,
  mailProcessesMax: 4_096,
} as const;
export type ProcessScanLimits = { readonly [K in keyof typeof processScanLimits]: number };

export type ScannedProcess = ProcessStat & MailProcess & { readonly isNew: boolean };
export type ProcessScan = { readonly processes: readonly ScannedProcess[]; readonly leftOut: number };

/**
 * Finds the mail processes of a node. Reads of /proc never wait for a disk, so they are done at once and in order, which
 * costs a quarter of what the thread pool would; a name that was found is kept while its process lives.
 */
export function createProcessScan(procRoot: string, limits: ProcessScanLimits = processScanLimits): () => ProcessScan {
  let known = new Map<number, { startTicks: number; named: MailProcess | undefined }>();

  return () => {
    const pids = readdirSync(procRoot)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
    const stats = new Map<number, ProcessStat>();
    for (const pid of pids.slice(0, limits.processesMax)) {
      const stat = parseProcessStat(readProcess(procRoot, pid, 'stat'));
      if (stat !== undefined) stats.set(pid, stat);
    }
    const fresh: typeof known = new Map();
    const isNew = new Set<number>();
    const nameOf = (stat: ProcessStat, depth: number): MailProcess | undefined => {
      const done = fresh.get(stat.pid);
      if (done !== undefined) return done.named;
      const before = known.get(stat.pid);
      const isSame = before !== undefined && before.startTicks === stat.startTicks;
      if (!isSame) isNew.add(stat.pid);
      let named = isSame ? before.named : undefined;
      if (!isSame) {
        const parentStat = stats.get(stat.parentPid);
        // Parents first, so that a child of master or dovecot is known as one; a chain is as deep as init's tree.
        const parent = parentStat === undefined || depth > 64 ? undefined : nameOf(parentStat, depth + 1);
        named = nameProcess(stat, parent, () => readProcess(procRoot, stat.pid, 'cmdline').split('\0'));
      }
      fresh.set(stat.pid, { startTicks: stat.startTicks, named });
      return named;
    };
    const processes: ScannedProcess[] = [];
    let leftOut = pids.length - Math.min(pids.length, limits.processesMax);
    for (const stat of stats.values()) {
      const named = nameOf(stat, 0);
      if (named === undefined) continue;
      if (processes.length >= limits.mailProcessesMax) leftOut++;
      else processes.push({ ...stat, ...named, isNew: isNew.has(stat.pid) });
    }
    known = fresh;
    return { processes, leftOut };
  };
}

/** Open descriptors of a process and how many it may have; `undefined` when that is not for us to see or it has ended. */
export function readDescriptors(procRoot: string, pid: number): { open: number; limit: number } | undefined {
  try {
    const open = readdirSync(join(procRoot, String(pid), 'fd')).length;
    const limit = /^Max open files\s+(\d+)/m.exec(readProcess(procRoot, pid, 'limits'))?.[1];
    return limit === undefined ? undefined : { open, limit: Number(limit) };
  } catch {
    return undefined;
  }
}

/** Bytes of a memory page: that of the first mapping of this very process. */
export function readPageBytes(procRoot: string): number {
  const kibibytes = /^KernelPageSize:\s+(\d+) kB/m.exec(readProcess(procRoot, 'self', 'smaps'))?.[1];
  return kibibytes === undefined ? 4096 : Number(kibibytes) * 1024;
}

/** When the node booted, epoch milliseconds. */
export function readBootAt(procRoot: string): number | undefined {
  const seconds = /^btime (\d+)/m.exec(readFileSync(join(procRoot, 'stat'), 'utf8'))?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Empty when the process has ended or hides the file. */
function readProcess(procRoot: string, pid: number | 'self', file: string): string {
  try {
    return readFileSync(join(procRoot, String(pid), file), 'latin1');
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return '';
    throw error;
  }
}

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { type LabPaths, labMark } from './lab-paths.ts';

// What of a lab exists, read from the kernel and from nothing that a crashed command could have left unwritten.

export type Standing = {
  /** Mount points below the lab's folder, in the order they were made. */
  readonly mounts: readonly string[];
  /** Namespace name → inode of the network namespace that is pinned there. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Every process that belongs to the lab, seen from the machine. */
  readonly processes: readonly LabProcess[];
};
export type LabProcess = {
  readonly pid: number;
  /** The host or bridge whose network namespace it is in, if it is in one. */
  readonly host: string | undefined;
  /** Whether it is process 1 of its host. */
  readonly isInit: boolean;
};

export function findStanding(paths: LabPaths): Standing {
  const mounts = mountsBelow(paths.folder);
  const namespaces = new Map<string, string>();
  for (const mount of mounts) {
    if (!mount.startsWith(`${paths.namespaces}/`)) continue;
    namespaces.set(mount.slice(paths.namespaces.length + 1), String(statSync(mount).ino));
  }
  return { mounts, namespaces, processes: findProcesses(paths, namespaces) };
}

/** Host name → pid of its init as the machine sees it. */
export function initsOf(standing: Standing): ReadonlyMap<string, number> {
  const inits = standing.processes.filter(({ isInit, host }) => isInit && host !== undefined);
  return new Map(inits.map(({ host, pid }) => [host ?? '', pid]));
}

function mountsBelow(folder: string): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  // Field 5 is the mount point (proc_pid_mountinfo(5)); the lab's paths hold nothing that would be escaped there.
  return lines.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${folder}/`));
}

function findProcesses(paths: LabPaths, namespaces: ReadonlyMap<string, string>): readonly LabProcess[] {
  const hostByInode = new Map([...namespaces].map(([name, inode]) => [`net:[${inode}]`, name]));
  const found: LabProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // A process may end between any two of these reads: then it is not there, which is what is being asked.
    try {
      const host = hostByInode.get(readlinkSync(`/proc/${pid}/ns/net`));
      const marked = host !== undefined || isMarked(pid, paths.name);
      if (marked) found.push({ pid, host, isInit: host !== undefined && isInit(pid) });
    } catch {}
  }
  return found;
}

/** By its environment, for what stands in the machine's own network: the page's door, or a tool that is just running. */
function isMarked(pid: number, name: string): boolean {
  return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${labMark}=${name}`);
}

function isInit(pid: number): boolean {
  const line = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  const pids = line.split(/\s+/);
  return pids.length > 1 && pids.at(-1) === '1';
}

// What the kernel says of a process, from /proc (proc(5)).
import { readFileSync } from 'node:fs';

/** Jiffies a second of /proc; sysconf(_SC_CLK_TCK) is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** The most memory that the process ever had resident, in MiB (`VmHWM`). */
export function peakRssMiB(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error(`the process ${pid} has ended`);
  return Math.ceil(Number(kilobytes) / 1024);
}

/** Processor time of a process so far, in seconds, user and system together; of the whole machine all processes'. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; the fields behind it are counted from the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

// Processes that nobody gives a handle to: found by what they were started as.
import { readdirSync, readFileSync } from 'node:fs';

/** The first whose command line, its words ended by NUL, is wanted; undefined when none runs. */
export function pidOf(isWanted: (command: string, pid: number) => boolean): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (isWanted(readFileSync(`/proc/${name}/cmdline`, 'latin1'), Number(name))) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}
/** The lasting `nft -i` of a lease process. */
export const nftChildOf = (leasePid: number | undefined): number | undefined =>
  pidOf((command, pid) => command.startsWith('nft\0-i') && parentOf(pid) === leasePid);

const parentOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]);

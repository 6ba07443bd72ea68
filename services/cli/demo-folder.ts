// The folder of a demo, which keeps nothing: it goes with the demo, or with the next one when the demo was killed.
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const prefix = 'mailward-demo-';
const ownerFile = 'owner.json';
/** Leftovers removed at one start. */
export const leftoversMax = 20;

/** Who made a folder: a process id alone is used again, by another boot of the machine or later in this one. */
const ownerSchema = z.object({ pid: z.number().int().positive(), startTicks: z.string(), bootId: z.string() });
type Owner = z.infer<typeof ownerSchema>;

/** A new folder below `parent` that says whose it is. */
export function createDemoFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, prefix));
  const owner: Owner = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? '', bootId: readBootId() };
  writeFileSync(join(folder, ownerFile), JSON.stringify(owner));
  return folder;
}

/**
 * Removes what demos left below `parent` that were killed: folders of this user that say whose they are, when that process is
 * gone. Whatever is in doubt stays. Returns what was removed.
 */
export function removeDeadDemoFolders(parent: string): string[] {
  const removed: string[] = [];
  for (const name of readdirSync(parent)) {
    if (removed.length >= leftoversMax) break;
    const folder = join(parent, name);
    if (!name.startsWith(prefix) || !isLeftover(folder)) continue;
    rmSync(folder, { recursive: true, force: true });
    removed.push(folder);
  }
  return removed;
}

function isLeftover(folder: string): boolean {
  try {
    const file = join(folder, ownerFile);
    const isOwn = [lstatSync(folder), lstatSync(file)].every(({ uid }) => uid === process.getuid?.());
    if (!isOwn || !lstatSync(folder).isDirectory() || !lstatSync(file).isFile()) return false;
    const { pid, startTicks, bootId } = ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return bootId !== readBootId() || startTicksOf(pid) !== startTicks;
  } catch {
    return false;
  }
}

/** When a process started, in ticks since the boot (proc_pid_stat(5), field 22); `undefined` when there is none. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const insideName = 'MAILWARD_SOAK_INSIDE';
/**
 * Processes and mounts of its own (unshare(1)), which the kernel takes back when this process ends, however it ends
 * (setpriv(1), `--pdeathsig`).
 */
const ownWorld = [
  ...['--pdeathsig', 'KILL', 'unshare'],
  ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/** Whether this process has mounts and process numbers of its own. */
export const insideOwnWorld = (): boolean => process.env[insideName] !== undefined;

/**
 * Runs this very command again in a world of its own, and returns its exit status; `undefined` when it is there already, or
 * when the system does not allow it (it needs root): then it runs where it is.
 */
export function runInOwnWorld(): number | undefined {
  if (insideOwnWorld() || spawnSync('setpriv', [...ownWorld, 'true']).status !== 0) return undefined;
  const env = { ...process.env, [insideName]: '1' };
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return spawnSync('setpriv', [...ownWorld, ...command], { stdio: 'inherit', env }).status ?? 1;
}

/** Folders that all share, such as that of the namespaces' names, get files of this world alone; does nothing outside of one. */
export function mountOverShared(folders: readonly string[]): void {
  if (!insideOwnWorld()) return;
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'mailward-soak', folder]);
  }
}

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { type LabPaths, labsFolder } from './lab-paths.ts';
import { tryCommand } from './run-command.ts';
import { findStanding, type Standing } from './what-stands.ts';

const passesMax = 100;
const passMs = 50;
/** After this many passes a mount that is still busy is detached instead of waited for (umount(8), lazy). */
const patientPasses = 40;

export type DownReport = { readonly processes: number; readonly mounts: number; readonly ms: number };

/**
 * Takes away whatever stands of a lab, in any state of completeness, and looks again until nothing does: a command that
 * was killed half-way may have left a child that is still making something.
 */
export async function takeDown(paths: LabPaths, deps: { readonly clock: Clock }): Promise<DownReport> {
  const startedAt = deps.clock.monotonicMs();
  const seen = { processes: new Set<number>(), mounts: new Set<string>() };
  for (let pass = 0; pass < passesMax; pass++) {
    const standing = findStanding(paths);
    for (const { pid } of standing.processes) seen.processes.add(pid);
    for (const mount of standing.mounts) seen.mounts.add(mount);
    const dying = [...seen.processes].some(isDying);
    if (!dying && isGone(paths, standing))
      return { processes: seen.processes.size, mounts: seen.mounts.size, ms: deps.clock.monotonicMs() - startedAt };
    if (standing.processes.length > 0) endProcesses(standing);
    else if (standing.mounts.length > 0) await unmountAll(standing, pass >= patientPasses);
    else {
      removeGroups(paths);
      removeFolder(paths);
    }
    if (standing.processes.length > 0 || dying || pass >= patientPasses)
      await new Promise<void>((done) => deps.clock.after(passMs, done));
  }
  const { processes, mounts } = findStanding(paths);
  throw new AppError(
    'internal',
    `The lab ${paths.name} does not go: ${processes.length} processes and ${mounts.length} mounts stay`,
  );
}

const isGone = (paths: LabPaths, standing: Standing): boolean =>
  standing.processes.length === 0 && standing.mounts.length === 0 && !existsSync(paths.folder);

/** A killed process keeps its namespaces until its parent has taken note of its end (state Z of proc(5), /proc/PID/stat). */
function isDying(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function endProcesses(standing: Standing): void {
  // A host's init takes all of its processes with it, so inits go first and the rest is what stood between hosts.
  const inits = standing.processes.filter(({ isInit }) => isInit);
  for (const { pid } of inits.length > 0 ? inits : standing.processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself since it was seen.
    }
  }
}

async function unmountAll(standing: Standing, lazy: boolean): Promise<void> {
  const latestFirst = standing.mounts.toReversed();
  await tryCommand(['umount', ...(lazy ? ['--lazy'] : []), ...latestFirst]);
}

/** Control groups that a fault made and could not remove again; nothing is in them any more (cgroups(7)). */
function removeGroups(paths: LabPaths): void {
  for (const controller of ['cpu', 'memory', 'pids']) {
    const folder = join('/sys/fs/cgroup', controller);
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder))
      if (name.startsWith(`mailward-lab.${paths.name}.`)) rmdirSync(join(folder, name));
  }
}

function removeFolder(paths: LabPaths): void {
  rmSync(paths.folder, { recursive: true, force: true });
  if (existsSync(labsFolder) && readdirSync(labsFolder).length === 0) rmdirSync(labsFolder);
}

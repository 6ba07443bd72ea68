import type { Fault } from '../faults/fault.ts';
import { faultById, faults } from '../faults/registry.ts';
import { activeScript, healScript, injectScript } from '../faults/scripts.ts';
import { AppError } from '../protocol/errors.ts';
import { servicePrelude } from './boot-script.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import type { LabPaths } from './lab-paths.ts';
import { runCommand, tryCommand } from './run-command.ts';
import { hostNamed, hostsOf, type LabPlan } from './topology.ts';
import { findStanding, initsOf } from './what-stands.ts';

// Executes the fault library in the hosts of a lab.

const scriptMs = 60_000;

export type ActiveFault = { readonly host: string; readonly id: string };

/** Throws `not-found` with how to see what there is. */
export function faultNamed(id: string): Fault {
  const fault = faultById.get(id);
  if (fault !== undefined) return fault;
  throw new AppError('not-found', `No fault is named ${id}`, { hint: 'See mailward lab fault list' });
}

/** The hosts that a fault is injected into; `named` overrides the choice where it is one mail host. */
export function targetsOf(plan: LabPlan, fault: Fault, named: string | undefined): readonly string[] {
  const databases = hostsOf(plan, 'database');
  const chosen = {
    mail: () => [named === undefined ? hostsOf(plan, 'mail')[0] : hostNamed(plan, named)],
    databases: () => databases,
    primary: () => databases.filter(({ peer }) => peer === undefined),
    replica: () => databases.filter(({ peer }) => peer !== undefined),
    dns: () => hostsOf(plan, 'dns'),
    remote: () => hostsOf(plan, 'remote'),
  }[fault.target]();
  const names = chosen.flatMap((host) => (host === undefined ? [] : [host.name]));
  if (names.length > 0) return names;
  throw new AppError('not-found', `This topology has nothing that ${fault.id} could be injected into`);
}

/** Why a topology cannot have a fault, as for one of the registry's impossible ones; `undefined` when it can. */
export function whyNotHere(plan: LabPlan, fault: Fault): string | undefined {
  const needsDatabase =
    ['databases', 'primary', 'replica'].includes(fault.target) || fault.id === 'database-unreachable';
  if (needsDatabase && hostsOf(plan, 'database').length === 0) return 'This topology has no database.';
  return undefined;
}

export async function injectFault(
  paths: LabPaths,
  hosts: readonly string[],
  fault: Fault,
  ttlSeconds: number,
): Promise<void> {
  const script = injectScript(fault, { prelude: servicePrelude, ttlSeconds });
  for (const host of hosts) {
    await runCommand(insideHost(initOf(paths, host), ['sh']), {
      input: script,
      timeoutMs: scriptMs,
      env: hostEnvironment(paths),
    });
  }
}

export async function healFault(paths: LabPaths, hosts: readonly string[], id: string): Promise<void> {
  for (const host of hosts) {
    const options = { input: healScript(id), timeoutMs: scriptMs, env: hostEnvironment(paths) };
    await runCommand(insideHost(initOf(paths, host), ['sh']), options);
  }
}

/** Every fault that is on somewhere, asked of the hosts themselves. */
export async function findActive(paths: LabPaths): Promise<readonly ActiveFault[]> {
  const active: ActiveFault[] = [];
  for (const [host, pid] of initsOf(findStanding(paths))) {
    const result = await tryCommand(insideHost(pid, ['sh']), { input: activeScript, env: hostEnvironment(paths) });
    for (const id of result.stdout.split('\n').filter((line) => line !== '')) active.push({ host, id });
  }
  return active;
}

/** The registry from `id` on, for resuming; everything without one. */
export function faultsFrom(id: string | undefined): readonly Fault[] {
  return id === undefined ? faults : faults.slice(faults.indexOf(faultNamed(id)));
}

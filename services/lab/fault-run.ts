import { existsSync } from 'node:fs';
import type { Fault, Injectable } from '../faults/fault.ts';
import { faultById, faults, injectableById } from '../faults/registry.ts';
import { activeScript, healScript, injectScript } from '../faults/scripts.ts';
import { AppError } from '../protocol/errors.ts';
import { servicePrelude } from './boot-script.ts';
import { hostEnvironment, initOf, insideHost } from './enter-host.ts';
import { commandHost } from './fault-command.ts';
import { type LabPaths, routerName } from './lab-paths.ts';
import { hasRouter } from './network.ts';
import { runCommand, tryCommand } from './run-command.ts';
import { hostNamed, hostsOf, type LabHost, type LabPlan } from './topology.ts';
import { findStanding, initsOf } from './what-stands.ts';

// Executes the fault library in the hosts of a lab.

const scriptMs = 60_000;

export type ActiveFault = { readonly host: string; readonly id: string };

/** Throws `not-found` with how to see what there is. */
export const faultNamed = (id: string): Fault => known(faultById.get(id), id);
/** The same for faults and benign events alike. */
export const injectableNamed = (id: string): Injectable => known(injectableById.get(id), id);

function known<Kind>(found: Kind | undefined, id: string): Kind {
  if (found !== undefined) return found;
  throw new AppError('not-found', `No fault is named ${id}`, { hint: 'See mailward lab fault list' });
}

/** The hosts that a fault is injected into; `named` overrides the choice where it is one mail host. */
export function targetsOf(plan: LabPlan, fault: Injectable, named: string | undefined): readonly string[] {
  const names = (hosts: readonly LabHost[]) => hosts.map(({ name }) => name);
  const databases = hostsOf(plan, 'database');
  const chosen: Readonly<Record<Fault['target'], () => readonly string[]>> = {
    mail: () => names(named === undefined ? ableHosts(plan, fault).slice(0, 1) : [hostNamed(plan, named)]),
    databases: () => names(databases),
    primary: () => names(databases.filter(({ peer }) => peer === undefined)),
    replica: () => names(databases.filter(({ peer }) => peer !== undefined)),
    directory: () => names(hostsOf(plan, 'directory')),
    dns: () => names(hostsOf(plan, 'dns')),
    remote: () => names(hostsOf(plan, 'remote')),
    client: () => names(hostsOf(plan, 'client')),
    bystander: () => names(hostsOf(plan, 'witness')),
    control: () => names(hostsOf(plan, 'control')),
    router: () => (hasRouter(plan) ? [routerName] : []),
  };
  const hosts = chosen[fault.target]();
  if (hosts.length > 0) return hosts;
  throw new AppError('not-found', `This topology has nothing that ${fault.id} could be injected into`);
}

/** Mail hosts that have what the fault needs; for a fault of something else, those that would feel it. */
export function ableHosts(plan: LabPlan, fault: Injectable): readonly LabHost[] {
  const { needs } = fault;
  return hostsOf(plan, 'mail').filter((host) => {
    if (needs === 'peer') return host.peer !== undefined;
    return needs === undefined || needs === 'cgroups' || host.users === needs;
  });
}

/** Why a topology or this machine cannot have a fault, as for one of the registry's impossible ones; else `undefined`. */
export function whyNotHere(plan: LabPlan, fault: Injectable): string | undefined {
  const { target, needs } = fault;
  if (['databases', 'primary', 'replica'].includes(target) && hostsOf(plan, 'database').length === 0)
    return 'This topology has no database.';
  if (target === 'router' && !hasRouter(plan))
    return 'This topology has one place, so there is no link between places.';
  if (needs === 'cgroups' && !existsSync('/sys/fs/cgroup/memory/cgroup.procs'))
    return 'This machine has no control groups of the first version.';
  if (ableHosts(plan, fault).length === 0) return `This topology has ${missingFor[needs ?? 'peer']}.`;
  return undefined;
}
const missingFor = {
  database: 'no database',
  directory: 'no directory',
  peer: 'no two holders of the same mailboxes',
  cgroups: 'no mail host',
} as const;

export type InjectOptions = { readonly ttlSeconds: number; readonly values?: Readonly<Record<string, string>> };

export async function injectFault(
  paths: LabPaths,
  hosts: readonly string[],
  fault: Injectable,
  { ttlSeconds, values = {} }: InjectOptions,
): Promise<void> {
  const script = injectScript(fault, { prelude: servicePrelude, ttlSeconds, values });
  for (const host of hosts) {
    const parameters = { fault: fault.id, ttlSeconds, ...values };
    const goesByAgent = fault.pastAgent === undefined;
    if (goesByAgent && (await commandHost(paths, host, { action: 'fault-inject', parameters })) !== 'no-agent')
      continue;
    await runCommand(insideHost(initOf(paths, host), ['sh']), {
      input: script,
      timeoutMs: scriptMs,
      env: hostEnvironment(paths),
    });
  }
}

export async function healFault(paths: LabPaths, hosts: readonly string[], id: string): Promise<void> {
  for (const host of hosts) {
    const end =
      injectableById.get(id)?.pastAgent === true
        ? 'no-agent'
        : await commandHost(paths, host, { action: 'fault-heal', parameters: { fault: id } });
    // What has not said that it is done is done here: whoever comes first mends, once.
    if (end === 'done') continue;
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

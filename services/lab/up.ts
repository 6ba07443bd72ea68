import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../protocol/errors.ts';
import type { LabRequestOf } from '../protocol/lab-request.ts';
import type { Clock } from '../runtime/clock.ts';
import { bootScript, startedMark } from './boot-script.ts';
import { buildHost, buildRouter } from './build-host.ts';
import { makeSecrets } from './certificates.ts';
import { takeDown } from './down.ts';
import type { HostBuild } from './host-files.ts';
import { giveJoinTokens } from './join-hosts.ts';
import { bridgeName, type LabPaths, routerName, volumeFolder } from './lab-paths.ts';
import { type LabRecord, writeRecord } from './lab-record.ts';
import { listenerKey, listeningPorts } from './listening.ts';
import { insideNamespace, makeNamespace, runIpBatch } from './namespaces.ts';
import { bridgeLines, hasRouter, hostLines, namespacesOf, routerLines } from './network.ts';
import { freePagePort, openPageDoor } from './page-door.ts';
import { requireLab } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { prepareHost, startHost } from './start-host.ts';
import { type HostRole, hostsOf, type LabPlan, readTopology } from './topology.ts';
import { findStanding, initsOf } from './what-stands.ts';

const diskMiB = 3072;
const readyWithinMs = 90_000;
const lookEveryMs = 100;
/** What others look up comes first, so that a fresh lab's logs hold no fault that nobody injected. */
const bootStages: readonly (readonly HostRole[])[] = [
  ['dns', 'database', 'directory', 'control', 'remote', 'witness', 'client'],
  ['mail'],
];

export type UpReport = { readonly hosts: number; readonly ms: number; readonly pageUrl: string | undefined };

export type UpDeps = {
  readonly clock: Clock;
  readonly say: (text: string) => void;
  /** Aborted by Ctrl-C: what stands by then is taken down. */
  readonly signal: AbortSignal;
};

/**
 * Builds and boots a lab, and returns when every daemon of every host listens. What fails before the hosts run is taken
 * down again; a host that does not come up stays, so that its logs can be read, and the error names it.
 */
export async function bringUp(paths: LabPaths, request: LabRequestOf<'up'>, deps: UpDeps): Promise<UpReport> {
  const startedAt = deps.clock.monotonicMs();
  await requireLab();
  const plan = await readTopology(request.topology);
  const { processes } = findStanding(paths);
  if (existsSync(paths.folder) || processes.length > 0)
    throw new AppError('not-ready', `A lab named ${paths.name} is there already, or was left half-way`, {
      hint: 'Take it down with mailward lab down',
    });
  const pagePort = await freePagePort(request.pagePort);
  try {
    const record = await build(paths, plan, deps);
    if (hasRouter(plan)) startHost(paths, routerName);
    let pageUrl: string | undefined;
    for (const stage of bootStages) {
      const hosts = plan.hosts.filter(({ role }) => stage.includes(role)).map(({ name }) => name);
      for (const host of hosts) startHost(paths, host);
      await waitUntilReady(paths, record, hosts, deps);
      deps.say(`${hosts.join(' ')} serve`);
      if (pageUrl !== undefined || hostsOf(plan, 'control').length === 0) continue;
      pageUrl = await openPageDoor(paths, plan, pagePort, deps);
      writeRecord(paths, { ...record, pageUrl });
      await giveJoinTokens(paths, plan, pageUrl);
    }
    return { hosts: plan.hosts.length, ms: deps.clock.monotonicMs() - startedAt, pageUrl };
  } catch (error) {
    const isSilence = error instanceof AppError && error.code === 'not-ready' && !deps.signal.aborted;
    if (!isSilence) await takeDown(paths, deps);
    if (deps.signal.aborted)
      throw new AppError('not-ready', 'Interrupted; nothing is left of what was begun', { cause: error });
    throw error;
  }
}

async function build(paths: LabPaths, plan: LabPlan, { clock, say, signal }: UpDeps): Promise<LabRecord> {
  mkdirSync(paths.disk, { recursive: true });
  await runCommand([
    'mount',
    '-t',
    'tmpfs',
    '-o',
    `size=${diskMiB}m,mode=755`,
    `mailward-lab-${paths.name}`,
    paths.disk,
  ]);
  for (const name of namespacesOf(plan)) {
    signal.throwIfAborted();
    await makeNamespace(paths, name);
  }
  say('namespaces stand');
  const mailNames = hostsOf(plan, 'mail').map(({ fqdn }) => fqdn);
  const secrets = await makeSecrets(paths.disk, mailNames, [`mail.${plan.domain}`]);
  const buildByHost = new Map<string, HostBuild>(
    plan.hosts.map((host) => [host.name, buildHost({ plan, host, secrets, time: clock.now() })]),
  );
  for (const { name } of plan.places) await runIpBatch(paths, bridgeName(name), bridgeLines(paths, plan, name));
  if (hasRouter(plan)) {
    await runIpBatch(paths, routerName, routerLines(plan));
    const forward = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
    await runCommand(insideNamespace(paths, routerName, ['sysctl', '-qw', ...forward]));
    await prepareHost(paths, plan, { name: routerName, domains: [] }, buildRouter());
  }
  writeFileSync(paths.bootFile, bootScript);
  for (const host of plan.hosts) {
    const hostBuild = buildByHost.get(host.name);
    signal.throwIfAborted();
    if (hostBuild === undefined) continue;
    await runIpBatch(paths, host.name, hostLines(plan, host, hostBuild.extraNumbers));
    await prepareHost(paths, plan, host, hostBuild);
  }
  say('disks and cables are laid');
  const services = [...buildByHost].map(([name, hostBuild]) => [
    name,
    hostBuild.services.map((service) => ({ name: service.name, listens: [...service.listens] })),
  ]);
  const record: LabRecord = {
    plan: structuredClone(plan) as LabRecord['plan'],
    services: Object.fromEntries(services),
  };
  writeRecord(paths, record);
  return record;
}

/** Looks at `hosts` until each has started and nothing is silent; throws `not-ready` with what is. */
async function waitUntilReady(
  paths: LabPaths,
  record: LabRecord,
  hosts: readonly string[],
  { clock, signal }: UpDeps,
): Promise<void> {
  const endsAt = clock.monotonicMs() + readyWithinMs;
  for (;;) {
    signal.throwIfAborted();
    const missing = findSilent(paths, record).filter((entry) => hosts.includes(entry.split(' ')[0] ?? ''));
    if (missing.length === 0) return;
    if (clock.monotonicMs() > endsAt) {
      throw new AppError('not-ready', `Not everything listens after ${readyWithinMs / 1000} s: ${missing.join(', ')}`, {
        hint: 'Read mailward lab logs HOST, then mailward lab down',
      });
    }
    await new Promise<void>((done) => clock.after(lookEveryMs, done));
  }
}

/** Hosts that do not run, are still starting, or have services that do not listen, as `host` or `host service`. */
export function findSilent(paths: LabPaths, record: LabRecord): readonly string[] {
  const inits = initsOf(findStanding(paths));
  return record.plan.hosts.flatMap(({ name }) => {
    const pid = inits.get(name);
    if (pid === undefined) return [name];
    if (!existsSync(join(volumeFolder(paths, name, 'log'), 'lab', startedMark))) return [`${name} start`];
    const ports = listeningPorts(pid);
    return (record.services[name] ?? [])
      .filter(({ listens }) => !listens.every((listener) => ports.has(listenerKey(listener))))
      .map((service) => `${name} ${service.name}`);
  });
}

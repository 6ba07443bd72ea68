// keepalived as a contender: VRRP version 3 by unicast, its fastest checks, and real time as Mailward's lease process has it (with
// its own limit of 10 ms of it at a stretch a busy machine kills it).
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../lease/lease-cluster.ts';
import type { Contender, Fault, Strike } from './contender.ts';
import { machineMs } from './probe-log.ts';
import { addressOf, hostName, members, priorities, tcpPortOf, type World } from './world.ts';

const address = addressOf.keepalived;
const stopWithinMs = 10_000;
const tailMax = 60;

/** What watches the service: nothing, keepalived's own script at its smallest interval, or a file that a watcher of 50 ms writes. */
type Tracking = 'none' | 'script' | 'file';
const trackingOf = (fault: Fault): Tracking =>
  fault === 'service-killed' ? 'script' : fault === 'service-killed-watched' ? 'file' : 'none';

/** As Mailward asks: the greeting must come. */
const checkScript = `#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/${tcpPortOf.keepalived} || exit 1
read -r -t 0.5 -u 3 line
[[ $line == 220* ]]
`;

function configOf(world: World, host: number, advertMs: number, tracking: Tracking, trackedFile: string): string {
  const { folder, network } = world;
  const peers = members.filter((other) => other !== host).map((other) => network.hosts[other]);
  const parts: Record<Tracking, readonly [string, string]> = {
    none: ['', ''],
    script: [
      `vrrp_script service {\n script "${join(folder, 'check.sh')}"\n interval 1\n timeout 1\n fall 1\n rise 1\n}\n`,
      ' track_script {\n service\n }\n',
    ],
    file: [
      `track_file service {\n file "${trackedFile}"\n weight 0\n init_file 0 overwrite\n}\n`,
      ' track_file {\n service\n }\n',
    ],
  };
  const [definition, use] = parts[tracking];
  return `global_defs {
 router_id ${hostName(host)}
 vrrp_version 3
 vrrp_rt_priority 1
 vrrp_rlimit_rttime 1000000
 script_user root
}
${definition}vrrp_instance mail {
 state BACKUP
 interface eth0
 virtual_router_id 77
 priority ${priorities[host]}
 advert_int ${advertMs / 1000}
 unicast_src_ip ${network.hosts[host]}
 unicast_peer {
 ${peers.join('\n ')}
 }
 virtual_ipaddress {
 ${address}/24 dev eth0
 }
${use}}
`;
}

export function createKeepalived(world: World, advertMs: number): Contender {
  const { network, folder, probes } = world;
  writeFileSync(join(folder, 'check.sh'), checkScript, { mode: 0o755 });
  let tracking: Tracking | undefined;
  let takings = 0;
  const daemons = new Map<number, ChildProcess>();
  const states = new Map<number, string>();
  const watchers: ChildProcess[] = [];
  /** The newest lines of their logs, told when they do not stand. */
  const tail: string[] = [];
  const fileOf = (host: number, what: string): string => join(folder, `keepalived-${host}.${what}`);

  const explain = (error: Error): never => {
    throw new Error(`${error.message}: ${[...states.values()].join(', ')}\n${tail.join('\n')}`);
  };
  async function start(host: number): Promise<void> {
    const text = configOf(world, host, advertMs, tracking ?? 'none', fileOf(host, 'tracked'));
    writeFileSync(fileOf(host, 'conf'), text);
    const child = world.spawnOn(host, [
      ...['keepalived', '-n', '-l', '-D', '-P', '-f', fileOf(host, 'conf')],
      ...['-p', fileOf(host, 'main'), '-r', fileOf(host, 'vrrp')],
    ]);
    states.set(host, 'starting');
    let log = '';
    const read = (part: string): void => {
      const lines = (log + part).split('\n');
      log = lines.pop() ?? '';
      for (const line of lines) {
        tail.push(`${machineMs().toFixed(1)} ${hostName(host)} ${line}`);
        tail.splice(0, tail.length - tailMax);
        const state = /Entering (\w+) STATE/.exec(line)?.[1];
        if (state === undefined) continue;
        states.set(host, state);
        if (state === 'MASTER') takings += 1;
      }
    };
    child.stdout?.setEncoding('utf8').on('data', read);
    child.stderr?.setEncoding('utf8').on('data', read);
    daemons.set(host, child);
    await until('keepalived runs', async () => (states.get(host) === 'starting' ? undefined : true)).catch(explain);
  }
  async function end(host: number): Promise<void> {
    const child = daemons.get(host);
    if (child === undefined) return;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit', { signal: AbortSignal.timeout(stopWithinMs) });
      child.kill('SIGTERM');
      await ended;
    }
    daemons.delete(host);
  }
  const stop = async (): Promise<void> => {
    await Promise.all(members.map(end));
    for (const watcher of watchers.splice(0)) watcher.kill('SIGKILL');
    tracking = undefined;
  };
  const vrrpPid = (host: number): number => Number(readFileSync(fileOf(host, 'vrrp'), 'latin1'));
  function signal(host: number, name: NodeJS.Signals): void {
    daemons.get(host)?.kill(name);
    process.kill(vrrpPid(host), name);
  }
  /** A stopped parent starts no other child; a killed one would take its child down in good order. */
  function kill(host: number): void {
    daemons.get(host)?.kill('SIGSTOP');
    process.kill(vrrpPid(host), 'SIGKILL');
    daemons.get(host)?.kill('SIGKILL');
    for (const what of ['main', 'vrrp']) rmSync(fileOf(host, what), { force: true });
  }

  return {
    name: 'keepalived',
    prepare: async (fault) => {
      if (tracking === trackingOf(fault)) return;
      await stop();
      tracking = trackingOf(fault);
      if (tracking === 'file')
        for (const host of members)
          watchers.push(
            await world.runOn(host, 'run-watcher.ts', world.pidFileOf('keepalived', host), fileOf(host, 'tracked')),
          );
      await Promise.all(members.map(start));
    },
    steady: async () => {
      const forMs = Math.max(3 * advertMs, 50);
      let askedAt = machineMs();
      await until('keepalived stands', async () => {
        if (!members.every((host) => states.get(host) === (host === 0 ? 'MASTER' : 'BACKUP'))) return undefined;
        const seen = probes.hostsOf(address, machineMs() - forMs);
        if (seen.size === 1 && seen.has(hostName(0))) return true;
        // Of two owners that meet one yields, and the other need not announce itself: the client asks the one that yielded, for half
        // a minute. Nothing is measured here, so it is made to ask anew.
        if (!seen.has(hostName(0)) && machineMs() - askedAt > 4 * forMs) {
          askedAt = machineMs();
          world.forgetNeighbour('keepalived');
        }
        return undefined;
      }).catch(explain);
    },
    strike: async (fault, frozenMs): Promise<Strike> => {
      const lasting = (mend: () => Promise<void>): Strike => ({ thawed: undefined, leaseEndsAt: undefined, mend });
      switch (fault) {
        case 'host-cut':
          world.cut('keepalived', 0);
          return lasting(async () => world.mendCut('keepalived'));
        case 'graceful':
          daemons.get(0)?.kill('SIGTERM');
          return lasting(async () => {
            await end(0);
            await start(0);
          });
        case 'service-killed':
        case 'service-killed-watched':
          world.killService('keepalived', 0);
          return lasting(() => world.startService('keepalived', 0));
        case 'agent-killed':
          kill(0);
          return lasting(async () => {
            await end(0);
            // It was left on the device by the one that was killed.
            network.run(0, ['ip', '-force', 'address', 'flush', 'dev', 'eth0', 'to', `${address}/32`]);
            await start(0);
          });
        default: {
          signal(0, 'SIGSTOP');
          const thawed = pause(frozenMs).then(() => signal(0, 'SIGCONT'));
          return { thawed, leaseEndsAt: undefined, mend: async () => {} };
        }
      }
    },
    takings: async () => takings,
    stop,
  };
}

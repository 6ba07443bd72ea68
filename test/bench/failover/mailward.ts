// Mailward as a contender: its lease processes as a user runs them, kept by the agent where the fault is one of the agent's.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createCluster, type LeaseCluster, type LeaseNode, until } from '../../lease/lease-cluster.ts';
import type { Contender, Fault, Strike } from './contender.ts';
import { machineMs } from './probe-log.ts';
import { nftChildOf, pidOf } from './processes.ts';
import { addressOf, hostName, members, priorities, tcpPortOf, type World, withUs } from './world.ts';

const address = addressOf.mailward;
const agentMain = join(import.meta.dirname, '..', '..', '..', 'services', 'agent', 'main.ts');
/** Of the `lan` preset, where A allows it. */
const rttMsOf = (advertMs: number): number => Math.min(2, advertMs / 10);

const needsAgent = (fault: Fault): boolean => fault.startsWith('agent-');

/** The service is watched on every host; a form without the agent starts the lease process itself. */
export async function createMailward(world: World, advertMs: number): Promise<Contender> {
  const { network, probes } = world;
  // Each host watches its own service, so every file names its own pid file.
  const cluster: LeaseCluster = await createCluster(members.length, {
    ...{ advertMs, hosts: network.hosts, runRoot: world.folder },
    under: members.map((host) => ['ip', 'netns', 'exec', network.nameOf(host), ...withUs]),
    group: {
      ...{ preset: 'lan', shadow: false, rttMs: rttMsOf(advertMs) },
      voters: members.map((host) => ({
        ...{ number: host + 1, node: hostName(host), host: network.hosts[host], port: 7401 },
        ...{ priority: priorities[host], witness: false },
      })),
      addresses: [{ address: `${address}/24`, device: 'eth0' }],
    },
  });
  const nodes: readonly LeaseNode[] = cluster.nodes;
  const owner = nodes[0];
  if (owner === undefined) throw new Error('three members');
  for (const [host, node] of nodes.entries()) {
    const watched = {
      name: 'smtp',
      pidFile: world.pidFileOf('mailward', host),
      port: tcpPortOf.mailward,
      banner: '220',
    };
    node.writeConfig({ services: [watched] });
  }
  let form: 'none' | 'alone' | 'kept' = 'none';
  let agent: ChildProcess | undefined;

  const runFile = join(owner.runDir, 'mail.run');
  /** Written before anything that it records is sent, so that it is the holder's own last word. */
  const leaseEndsAt = (): number => Number(/deadline\W+([\d.]+)/.exec(readFileSync(runFile, 'utf8'))?.[1]);

  async function startAgent(): Promise<void> {
    const file = join(owner?.folder ?? '', 'agent.yaml');
    const lease = {
      config: join(owner?.folder ?? '', 'lease.yaml'),
      socket: join(owner?.runDir ?? '', 'status.sock'),
    };
    const content = {
      files: [join(world.folder, 'mail.log')],
      metrics: { port: 0 },
      dataDir: join(owner?.folder ?? '', 'agent'),
      lease,
    };
    writeFileSync(file, JSON.stringify(content));
    agent = world.spawnOn(0, [process.execPath, agentMain, '--config', file, '--control', 'http://127.0.0.1:9']);
    agent.stderr?.resume();
    agent.stdout?.resume();
    await until('the agent has started the lease process', () => owner?.status() ?? Promise.reject());
  }
  async function killOwner(): Promise<void> {
    const pid = leasePid();
    agent?.kill('SIGKILL');
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    agent = undefined;
    await until('the lease process is gone', async () => (leasePid() === undefined ? true : undefined));
  }
  const leasePid = (): number | undefined =>
    pidOf(
      (command) => command.includes(join('lease', 'main.ts')) && command.includes(join(owner.folder, 'lease.yaml')),
    );
  const nftPid = (): number | undefined => nftChildOf(leasePid());

  async function stop(): Promise<void> {
    await killOwner();
    for (const node of nodes) node.kill('SIGKILL');
    await Promise.all(nodes.map((node) => node.ended()));
    form = 'none';
  }

  /** Stops them together, and lets them go on together. */
  function freeze(frozen: readonly number[], frozenMs: number, leaseEnds: () => number | undefined): Strike {
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    const thawed = pause(frozenMs).then(() => {
      for (const pid of frozen) {
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // A child that said nothing was replaced meanwhile.
        }
      }
    });
    return { thawed, leaseEndsAt: leaseEnds(), mend: async () => {} };
  }

  return {
    name: 'mailward',
    prepare: async (fault) => {
      const wanted = needsAgent(fault) ? 'kept' : 'alone';
      if (form === wanted) return;
      if (form === 'none') await Promise.all(nodes.map((node) => node.start()));
      else await killOwner();
      if (form !== 'none' && wanted === 'alone') await owner.start();
      if (wanted === 'kept') {
        await killOwner();
        await startAgent();
      }
      form = wanted;
    },
    steady: async () => {
      const forMs = Math.max(3 * advertMs, 50);
      let orderedAt = Number.NEGATIVE_INFINITY;
      await until('Mailward stands', async () => {
        const statuses = await Promise.all(nodes.map((node) => node.status()));
        const holding = statuses.find((status) => status.role === 'holding');
        const isReady =
          holding?.peers.every((peer) => peer.isSelf || (peer.isEligible && peer.hearsUs)) === true &&
          statuses.every((status) => status.vote === 'voting' && status.owner === holding.self);
        if (!isReady) return undefined;
        const holder = nodes.find((_node, index) => statuses[index]?.role === 'holding');
        if (holder !== undefined && holder !== owner && machineMs() - orderedAt > 4 * advertMs + 200) {
          orderedAt = machineMs();
          await holder.order({ kind: 'handOver', heir: 1 });
        }
        const seen = probes.hostsOf(address, machineMs() - forMs);
        return holder === owner && seen.size === 1 && seen.has(hostName(0)) ? true : undefined;
      }).catch(async (error: Error) => {
        const statuses = await Promise.all(nodes.map((node) => node.status().catch(String)));
        throw new Error(`${error.message}: ${JSON.stringify(statuses)}`);
      });
    },
    strike: async (fault, frozenMs): Promise<Strike> => {
      const lasting = (mend: () => Promise<void>): Strike => ({ thawed: undefined, leaseEndsAt: undefined, mend });
      switch (fault) {
        case 'host-cut':
          world.cut('mailward', 0);
          return lasting(async () => world.mendCut('mailward'));
        case 'graceful':
          owner.kill('SIGTERM');
          return lasting(async () => {
            await owner.ended();
            await owner.start();
          });
        case 'service-killed':
        case 'service-killed-watched':
          world.killService('mailward', 0);
          return lasting(() => world.startService('mailward', 0));
        case 'agent-killed': {
          for (const pid of allOf(fault, [leasePid(), nftPid(), agent?.pid])) process.kill(pid, 'SIGKILL');
          agent = undefined;
          return { ...lasting(startAgent), leaseEndsAt: leaseEndsAt() };
        }
        case 'lease-stopped':
          return freeze(allOf(fault, [leasePid()]), frozenMs, leaseEndsAt);
        case 'nft-stopped':
          return freeze(allOf(fault, [nftPid()]), frozenMs, () => undefined);
        case 'both-stopped':
          return freeze(allOf(fault, [leasePid(), nftPid()]), frozenMs, leaseEndsAt);
        case 'agent-blocked':
          return freeze(allOf(fault, [agent?.pid]), frozenMs, () => undefined);
        case 'agent-gone': {
          const gone = agent;
          if (gone === undefined) throw new Error('the agent runs');
          gone.kill('SIGKILL');
          await once(gone, 'exit');
          return lasting(startAgent);
        }
      }
    },
    takings: async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      return Math.max(...statuses.map(({ movesSeen }) => movesSeen));
    },
    stop: async () => {
      await stop();
      await cluster.stop();
    },
  };
}

/** Throws where one of them does not run: a fault that was not made would count as one that was survived. */
function allOf(fault: Fault, pids: readonly (number | undefined)[]): number[] {
  const running = pids.filter((pid) => pid !== undefined);
  if (running.length < pids.length) throw new Error(`${fault}: only ${running.length} of ${pids.length} processes run`);
  return running;
}

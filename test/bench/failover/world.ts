// Three hosts and a client on one bridge, on which Mailward and keepalived run side by side: each has an address and a service of its
// own on every host, one prober asks for both, and every fault is made for one of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../lease/lease-cluster.ts';
import { createNetwork } from '../../lease/namespaces.ts';
import { createProbeLog, machineMs } from './probe-log.ts';

export type ContenderName = 'mailward' | 'keepalived';
export const members = [0, 1, 2] as const;
const client = members.length;
export const priorities = [254, 253, 252] as const;
export const hostName = (host: number): string => `mx${host + 1}`;

const udpPort = 5999;
export const tcpPortOf: Record<ContenderName, number> = { mailward: 2525, keepalived: 2526 };
export const addressOf: Record<ContenderName, string> = { mailward: '10.99.0.100', keepalived: '10.99.0.101' };
/** What else is said for a contender between hosts: the voters' datagrams, VRRP's adverts (RFC 9568 5.1.1.4). */
const speechOf: Record<ContenderName, string> = { mailward: 'udp dport 7401', keepalived: 'ip protocol 112' };

/** A benchmark that is ended leaves no process behind. */
export const withUs = ['setpriv', '--pdeathsig', 'KILL'] as const;

export type World = Awaited<ReturnType<typeof createWorld>>;

export async function createWorld() {
  // In memory, as /run is.
  const folder = mkdtempSync('/dev/shm/mailward-failover-');
  const network = createNetwork(members.length + 1);
  const children = new Set<ChildProcess>();

  /** Starts a command on a host; its end is awaited by `stop`. */
  function spawnOn(host: number, command: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', network.nameOf(host), ...withUs, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }
  /** Starts a program of this folder on a host, before both contenders in real time so that it measures them, and waits for its first words. */
  async function runOn(host: number, program: string, ...args: string[]): Promise<ChildProcess> {
    const inRealTime = ['chrt', '--rr', '5', process.execPath];
    const child = spawnOn(host, [...inRealTime, join(import.meta.dirname, program), ...args]);
    child.stderr?.on('data', (text: Buffer) => process.stderr.write(text));
    const isReady = await Promise.race([
      once(child.stdout ?? child, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    if (!isReady) throw new Error(`${program} ended on host ${host}; it needs the right to run in real time`);
    return child;
  }

  const probes = createProbeLog();
  async function startProber(): Promise<void> {
    const mac = network.run(client, ['cat', '/sys/class/net/eth0/address']).trim();
    const sources = members.map((host) => `10.99.0.${201 + host}`);
    for (const [host, source] of sources.entries()) {
      const table = String(101 + host);
      network.run(client, ['ip', 'address', 'add', `${source}/32`, 'dev', 'eth0']);
      network.run(client, ['ip', 'rule', 'add', 'from', source, 'lookup', table]);
      for (const address of Object.values(addressOf)) {
        const to = [`${address}/32`, 'via', network.hosts[host] ?? '', 'dev', 'eth0', 'onlink', 'table', table];
        network.run(client, ['ip', 'route', 'add', ...to]);
      }
      // A host that had to ask where these are would announce its address to the client by the way.
      const known = ['lladdr', mac, 'dev', 'eth0', 'nud', 'permanent'];
      for (const each of sources) network.run(host, ['ip', 'neighbour', 'replace', each, ...known]);
    }
    const args = [String(udpPort), sources.join(','), ...Object.values(addressOf)];
    const prober = await runOn(client, 'run-prober.ts', ...args);
    prober.stdout?.setEncoding('utf8').on('data', probes.read);
  }

  const pidFileOf = (name: ContenderName, host: number): string => join(folder, `${name}-${host}.pid`);
  const services = new Map<string, ChildProcess>();
  async function startService(name: ContenderName, host: number): Promise<void> {
    const args = [hostName(host), addressOf[name], String(udpPort), String(tcpPortOf[name]), pidFileOf(name, host)];
    services.set(`${name} ${host}`, await runOn(host, 'run-service.ts', ...args));
  }
  async function stop(): Promise<void> {
    const ended = [...children].map(async (child) => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    await Promise.all(ended);
    network.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    for (const host of members) network.run(host, ['sysctl', '-qw', 'net.ipv4.ip_nonlocal_bind=1']);
    await startProber();
    for (const name of ['mailward', 'keepalived'] as const)
      await Promise.all(members.map((host) => startService(name, host)));
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    ...{ folder, network, probes, spawnOn, runOn, pidFileOf, startService },
    killService: (name: ContenderName, host: number) => void services.get(`${name} ${host}`)?.kill('SIGKILL'),
    /** A host's cable passes nothing of this contender any more, either way; what is said for the other passes. */
    cut: (name: ContenderName, host: number) => {
      const address = addressOf[name];
      const what = [
        speechOf[name],
        `ip saddr ${address}`,
        `ip daddr ${address}`,
        `arp saddr ip ${address}`,
        `arp daddr ip ${address}`,
      ];
      const rules = ['iifname', 'oifname'].flatMap((side) => what.map((each) => `${side} "p${host}" ${each} drop;`));
      network.runOnSwitch(
        ['nft', '-f', '-'],
        `table bridge cut_${name} { chain pass { type filter hook forward priority 0; ${rules.join(' ')} }; }\n`,
      );
    },
    mendCut: (name: ContenderName) => void network.runOnSwitch(['nft', `delete table bridge cut_${name}`]),
    /** The client asks anew where the address is. */
    forgetNeighbour: (name: ContenderName) =>
      void network.run(client, ['ip', 'neighbour', 'flush', 'to', addressOf[name]]),
    /** Each frame between hosts is lost with this probability, in percent. */
    lose: (percent: number) =>
      void network.runOnSwitch(
        ['nft', '-f', '-'],
        `table bridge loss { chain pass { type filter hook forward priority 0; numgen random mod 1000 < ${10 * percent} drop; }; }\n`,
      ),
    mendLoss: () => void network.runOnSwitch(['nft', 'delete table bridge loss']),
    /** Until every answer up to now is known. */
    probed: async (): Promise<number> => {
      const at = machineMs();
      await until('the prober reports', async () => (probes.reportedUntil() > at ? true : undefined));
      return at;
    },
    stop,
  };
}

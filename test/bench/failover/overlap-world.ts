// Hosts that all try to speak for the group's addresses, a client that asks all of them at once, a container behind each host, and the
// switch between, where datagrams of the lease can be stopped link by link and every frame is seen with the kernel's time.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createCluster, type LeaseCluster, type LeaseNode, until } from '../../lease/lease-cluster.ts';
import { createNetwork } from '../../lease/namespaces.ts';
import { type Capture, startCapture } from './overlap-emissions.ts';
import { overlapPorts } from './overlap-ports.ts';

export const groupV4 = '10.99.0.100';
export const groupV6 = 'fd99::100';
const leasePort = 7401;
const answerService = join(import.meta.dirname, '..', '..', 'lease', 'answer-service.ts');

export type OverlapWorld = {
  readonly nodes: readonly LeaseNode[];
  readonly capture: Capture;
  /** Stops the lease's datagrams on directed links of host indexes, all others pass; one transaction. */
  readonly cut: (links: readonly (readonly [number, number])[]) => void;
  /** Starts a command on a host; rejects when it fails. */
  readonly runOn: (host: number, command: readonly string[], input?: string) => Promise<void>;
  /** What an administrator's firewall holds on a host, beginning with `flush ruleset`: it hands a port on to the container. */
  readonly foreignRuleset: string;
  /** Frames in the name of the addresses that left each member, counted there; undefined when somebody flushed a counter. */
  readonly countSent: () => readonly number[] | undefined;
  readonly resetCounts: () => void;
  readonly stop: () => Promise<void>;
};

const behindV4 = '10.88.0.2';
const behindV6 = 'fd88::2';
const foreignRuleset = `flush ruleset
table inet site {
  chain forwarded { type nat hook prerouting priority dstnat;
    ip daddr ${groupV4} udp dport ${overlapPorts.behind} dnat ip to ${behindV4}:${overlapPorts.udp}
    ip6 daddr ${groupV6} udp dport ${overlapPorts.behind} dnat ip6 to [${behindV6}]:${overlapPorts.udp}
  }
}
`;
/** Behind the guard's own hook, so that it counts what leaves. */
const counterRules = `table netdev counted
delete table netdev counted
table netdev counted {
  chain out { type filter hook egress device "eth0" priority 1000; policy accept;
    arp saddr ip ${groupV4} counter
    ip saddr ${groupV4} counter
    ip6 saddr ${groupV6} counter
    icmpv6 type nd-neighbor-advert ip6 saddr != ${groupV6} @th,64,128 0xfd990000000000000000000000000100 counter
  }
}
`;

export async function createOverlapWorld(options: {
  readonly voters: number;
  readonly witnesses: number;
  readonly advertMs: number;
  readonly noMajority: 'hold-down' | 'fail-static';
  /** Whether services may speak from an address that is not on their host; then the rules alone keep them silent. */
  readonly nonlocalBind: boolean;
}): Promise<OverlapWorld> {
  const { voters, advertMs } = options;
  const network = createNetwork(voters + 1);
  const members = Array.from({ length: voters - options.witnesses }, (_, index) => index);
  const children: ChildProcess[] = [];
  const containers = members.map((host) => `${network.nameOf(host)}-ct`);
  const ends: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.reverse()) await end();
  };

  async function start(namespace: string, program: string, ...args: string[]): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout ?? child, 'data');
  }

  try {
    ends.push(network.remove);
    ends.push(() => {
      for (const name of containers) ip('netns', 'delete', name);
    });
    for (const host of members) addContainer(network, host, containers[host] ?? '', options.nonlocalBind);
    network.runOnSwitch(
      ['nft', '-f', '-'],
      `table bridge cuts { set links { type ipv4_addr . ipv4_addr; }
        chain pass { type filter hook forward priority 0; udp dport ${leasePort} ip saddr . ip daddr @links drop; }; }\n`,
    );
    ends.push(async () => {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.stdin?.end();
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
    });
    const program = (name: string) => join(import.meta.dirname, name);
    const macOf = (host: number) => network.run(host, ['cat', '/sys/class/net/eth0/address']).trim();
    const client = [network.hosts[voters] ?? '', `fd99::${voters + 1}`];
    for (const host of members) {
      await start(network.nameOf(host), program('run-overlap-host.ts'), groupV4, groupV6, ...client);
      await start(containers[host] ?? '', answerService, String(overlapPorts.udp), 'behind', behindV4, behindV6);
    }
    const capture = await startCapture(network.switchName, portsOf(network.runOnSwitch), voters, groupV4, groupV6);
    ends.push(capture.stop);
    await start(
      network.nameOf(voters),
      program('run-overlap-prober.ts'),
      ...['eth0', macOf(voters), ...client, groupV4, groupV6, ...members.map(macOf)],
    );
    const cluster: LeaseCluster = await createCluster(voters, {
      advertMs,
      hosts: network.hosts.slice(0, voters),
      under: Array.from({ length: voters }, (_, host) => ['ip', 'netns', 'exec', network.nameOf(host)]),
      witnesses: Array.from({ length: options.witnesses }, (_, index) => voters - index),
      group: {
        ...{ shadow: false, rttMs: advertMs / 10, noMajority: options.noMajority },
        addresses: [`${groupV4}/24`, `${groupV6}/64`].map((address) => ({ address, device: 'eth0' })),
      },
    });
    ends.push(cluster.stop);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const hostOf = (index: number) => network.hosts[index] ?? '';
    return {
      ...{ nodes: cluster.nodes, capture, foreignRuleset, stop },
      cut: (links) => {
        const pairs = links.map(([from, to]) => `${hostOf(from)} . ${hostOf(to)}`);
        const add = pairs.length === 0 ? '' : `add element bridge cuts links { ${pairs.join(', ')} }\n`;
        network.runOnSwitch(['nft', '-f', '-'], `flush set bridge cuts links\n${add}`);
      },
      runOn: async (host, command, input) => {
        const child = spawn('ip', ['netns', 'exec', network.nameOf(host), ...command], {
          stdio: ['pipe', 'ignore', 'inherit'],
        });
        // A command that reads none of it may be gone already.
        child.stdin?.on('error', () => {});
        child.stdin?.end(input ?? '');
        const [status] = await once(child, 'exit');
        if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}`);
      },
      countSent: () => {
        try {
          return members.map((host) => {
            const text = network.run(host, ['nft', 'list', 'table', 'netdev', 'counted']);
            return [...text.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
          });
        } catch {
          return undefined;
        }
      },
      resetCounts: () => {
        for (const host of members) network.run(host, ['nft', '-f', '-'], counterRules);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Network = ReturnType<typeof createNetwork>;

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function addContainer(network: Network, host: number, name: string, nonlocalBind: boolean): void {
  const binds = ['ipv4', 'ipv6'].map((family) => `${family}.ip_nonlocal_bind=${nonlocalBind ? 1 : 0}`);
  for (const setting of ['ipv4.ip_forward=1', 'ipv6.conf.all.forwarding=1', ...binds])
    network.run(host, ['sysctl', '-qw', `net.${setting}`]);
  const outside = network.nameOf(host);
  ip('netns', 'add', name);
  ip('-n', outside, 'link', 'add', 'ct0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('-n', outside, 'address', 'add', '10.88.0.1/24', 'dev', 'ct0');
  ip('-n', outside, 'address', 'add', 'fd88::1/64', 'dev', 'ct0', 'nodad');
  ip('-n', outside, 'link', 'set', 'ct0', 'up');
  ip('-n', name, 'address', 'add', `${behindV4}/24`, 'dev', 'eth0');
  ip('-n', name, 'address', 'add', `${behindV6}/64`, 'dev', 'eth0', 'nodad');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'route', 'add', 'default', 'via', '10.88.0.1');
  ip('-n', name, '-6', 'route', 'add', 'default', 'via', 'fd88::1');
  network.run(host, ['nft', '-f', '-'], foreignRuleset);
}

/** The switch's interface numbers, and which host hangs there. */
function portsOf(runOnSwitch: (command: readonly string[]) => string): Map<number, number> {
  const links = JSON.parse(runOnSwitch(['ip', '-j', 'link'])) as { ifindex: number; ifname: string }[];
  return new Map(
    links.flatMap(({ ifindex, ifname }): [number, number][] =>
      ifname.startsWith('p') ? [[ifindex, Number(ifname.slice(1))]] : [],
    ),
  );
}

/** Until one member holds, its guard is open, and it and all voters hear each other; its index. */
export function settled({ nodes }: OverlapWorld, withinMs = 20_000): Promise<number> {
  return until(
    'one owner that all know',
    async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      const holders = statuses.filter((status) => status.role === 'holding');
      const [holder] = holders;
      const isKnown = statuses.every((status) => status.owner === holder?.self);
      const isHeard = holder?.peers.every((peer) => peer.hearsUs && (peer.isEligible || peer.isWitness)) ?? false;
      return holders.length === 1 && isKnown && isHeard && (holder?.guard.openMs ?? 0) > 0
        ? (holder?.self ?? 0) - 1
        : undefined;
    },
    withinMs,
  );
}

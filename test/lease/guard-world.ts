// A world for the guard's tests: three hosts and a client in network namespaces, the client asking the group's addresses every 2 ms.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createCluster, type LeaseCluster, type LeaseNode, until } from './lease-cluster.ts';
import { canMakeNamespaces, createNetwork, type Network } from './namespaces.ts';

/** Long enough that a busy build machine moves nothing by itself. */
export const advertMs = 300;
const port = 5999;
export const v4 = '10.99.0.100';
export const v6 = 'fd99::100';
export const client = 3;
export const canGuard = canMakeNamespaces();
if (!canGuard && process.env.CI === 'true') throw new Error('the guard is tested as root with nft, socat and ip');

/** The clock that all processes of the machine share, in ms. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Call it within a `describe`: it starts before its tests, ends each test's cluster, and goes after them. */
export function createGuardWorld() {
  let made: Network | undefined;
  const there = (): Network => {
    if (made === undefined) throw new Error('the world starts before the tests');
    return made;
  };
  const network: Pick<Network, 'run' | 'runOnSwitch' | 'nameOf'> = {
    run: (...of) => there().run(...of),
    runOnSwitch: (...of) => there().runOnSwitch(...of),
    nameOf: (index) => there().nameOf(index),
  };
  const helpers: ChildProcess[] = [];
  let cluster: LeaseCluster | undefined;
  /** Every answer: when, which address, which host. */
  const answers: { readonly at: number; readonly address: string; readonly host: string }[] = [];

  async function helper(index: number, script: string, ...args: string[]): Promise<ChildProcess> {
    const child = spawn(
      'ip',
      ['netns', 'exec', network.nameOf(index), process.execPath, join(import.meta.dirname, script), ...args],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    helpers.push(child);
    await once(child.stdout ?? child, 'data');
    return child;
  }

  beforeAll(async () => {
    made = createNetwork(4);
    for (const index of [0, 1, 2]) {
      for (const family of ['ipv4', 'ipv6']) network.run(index, ['sysctl', '-qw', `net.${family}.ip_nonlocal_bind=1`]);
      await helper(index, 'answer-service.ts', String(port), `mx${index + 1}`, v4, v6);
    }
    const probe = await helper(client, 'answer-probe.ts', '2', String(port), v4, v6);
    let rest = '';
    probe.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [at, address = '', host = ''] = line.split(' ');
        answers.push({ at: Number(at), address, host });
      }
    });
  });
  const stopCluster = async () => {
    await cluster?.stop();
    cluster = undefined;
  };
  afterEach(stopCluster);
  afterAll(async () => {
    for (const child of helpers) child.kill('SIGKILL');
    made?.remove();
  });

  /** `commands`: a folder that comes first in PATH; the commands there are told in NODE which member runs them. */
  async function running(options: Record<string, unknown> = {}, commands?: string): Promise<readonly LeaseNode[]> {
    const environment = (number: number) =>
      commands === undefined ? [] : ['env', `PATH=${commands}:${process.env.PATH}`, `NODE=mx${number}`];
    cluster = await createCluster(3, {
      advertMs,
      hosts: there().hosts,
      under: [0, 1, 2].map((index) => ['ip', 'netns', 'exec', network.nameOf(index), ...environment(index + 1)]),
      group: {
        ...{ shadow: false, rttMs: 10 },
        addresses: [
          { address: `${v4}/24`, device: 'eth0' },
          { address: `${v6}/64`, device: 'eth0' },
        ],
        ...options,
      },
    });
    await Promise.all(cluster.nodes.map((node) => node.start()));
    return cluster.nodes;
  }
  const answersOf = (node: LeaseNode, since = 0) =>
    answers.filter(({ at, host }) => at > since && host === `mx${node.number}`);
  const served = (node: LeaseNode, since: number) =>
    until(`mx${node.number} answers at both addresses`, async () => {
      const found = new Set(answersOf(node, since).map(({ address }) => address));
      return found.size === 2 ? true : undefined;
    }).catch(async (error: Error) => {
      const { owner, role, guard, why } = await node.status();
      throw new Error(`${error.message}: ${JSON.stringify({ owner, role, guard, why })}`);
    });
  /** Answers of one address alone are read in the order of their arrival: the later host's first before the earlier host's last. */
  function overlapMs(from: LeaseNode, to: LeaseNode, since: number): number {
    const times = (node: LeaseNode, of: string) =>
      answersOf(node, since).flatMap(({ at, address }) => (address === of ? [at] : []));
    return Math.max(...[v4, v6].map((of) => Math.max(0, Math.max(...times(from, of)) - Math.min(...times(to, of)))));
  }
  const nftChildOf = (node: LeaseNode): number => {
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const isChild =
            readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1] === String(node.pid());
          return isChild && readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('nft\0-i');
        } catch {
          return false;
        }
      });
    return Number(children[0]);
  };
  /** The end of the lease that a process holds now, on the clock of the machine; it may renew it after that. */
  const leaseEnds = async (node: LeaseNode): Promise<number> => now() + ((await node.status()).leaseLeftMs ?? 0);

  return {
    ...{ network, answers, running, answersOf, served, overlapMs, nftChildOf, leaseEnds, stopCluster },
    nodes: (): readonly LeaseNode[] => cluster?.nodes ?? [],
  };
}

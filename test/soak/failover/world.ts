// The hosts, the switch between them and the client; real lease processes on the hosts, and what the client sees of them.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createCluster, type LeaseCluster, type LeaseNode, theHolder, until } from '../../lease/lease-cluster.ts';
import { createNetwork } from '../../lease/namespaces.ts';
import { insideOwnWorld, mountOverShared } from '../own-world.ts';
import { type AnswerTimes, foldAnswers, type Stretch } from './answer-times.ts';
import { createSwitchCuts, type SwitchCuts } from './switch-cuts.ts';

const address = '10.99.0.100';
const [askedPort, voterPort] = [5999, 7401];
const askEveryMs = 4;
const hostsCount = 5;
/** The client says at once what it saw, where it lives. */
const markedWithinMs = 10_000;
const cli = join(import.meta.dirname, '..', '..', '..', 'services', 'cli', 'main.ts');

/** What the client saw of the address, asked directly at every host and as any client asks. */
export type Seen = AnswerTimes & { readonly clientSilentMsMax: number };
export type Group = {
  readonly nodes: readonly LeaseNode[];
  /** The host of the number; throws when there is none. */
  readonly node: (number: number) => LeaseNode;
  readonly advertMs: number;
  readonly leaseMs: number;
  readonly holder: (withinMs?: number) => Promise<LeaseNode>;
  /** Ballots that were won so far, by what the processes log. */
  readonly elections: () => number;
  /** `mailward failover …` at a host: its exit status and what it printed. */
  readonly failover: (node: LeaseNode, ...args: string[]) => Promise<{ isDone: boolean; text: string }>;
  readonly stop: () => Promise<void>;
};
export type World = {
  readonly cuts: SwitchCuts;
  /** A group whose first `voters` hosts vote and whose others are known; served, and seen by the client, when it resolves. */
  readonly startGroup: (options: {
    readonly advertMs: number;
    readonly voters: number;
    readonly known?: number;
    readonly witnesses?: readonly number[];
    /** Of the group, as the file of a host has it. */
    readonly change?: (host: number) => Record<string, unknown>;
  }) => Promise<Group>;
  /** Starts a Mailward process on a host; resolves when it is ready. */
  readonly spawnOn: (host: number, script: string, args: readonly string[]) => Promise<ChildProcess>;
  /** What was seen since the last call. */
  readonly seen: () => Promise<Seen>;
  readonly stop: () => Promise<void>;
};

export async function createWorld(): Promise<World> {
  // Process numbers, of which the names are made, begin anew here.
  mountOverShared(['/run/netns']);
  const network = createNetwork(hostsCount + 1);
  const children = new Set<ChildProcess>();
  async function spawnOn(host: number, script: string, args: readonly string[]): Promise<ChildProcess> {
    const words = ['netns', 'exec', network.nameOf(host - 1), process.execPath, script, ...args];
    const child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const isReady = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    if (!isReady) throw new Error(`${script} ended on host ${host}`);
    return child;
  }
  async function stop(): Promise<void> {
    const ends = [...children].map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
    network.remove();
  }
  const client = hostsCount + 1;
  async function startAnsweringAndAsking(): Promise<ChildProcess> {
    const sources = network.hosts.slice(0, hostsCount).map((_host, index) => `10.99.0.${201 + index}`);
    for (const [index, source] of sources.entries()) {
      const table = String(101 + index);
      network.run(client - 1, ['ip', 'address', 'add', `${source}/32`, 'dev', 'eth0']);
      network.run(client - 1, ['ip', 'rule', 'add', 'from', source, 'lookup', table]);
      const route = [`${address}/32`, 'via', network.hosts[index] ?? '', 'dev', 'eth0', 'onlink', 'table', table];
      network.run(client - 1, ['ip', 'route', 'add', ...route]);
    }
    const answering = join(import.meta.dirname, 'answering-host.ts');
    for (let host = 1; host <= hostsCount; host++) {
      network.run(host - 1, ['sysctl', '-qw', 'net.ipv4.ip_nonlocal_bind=1']);
      await spawnOn(host, answering, [String(askedPort), `mx${host}`, address]);
    }
    const own = network.hosts[client - 1] ?? '';
    return spawnOn(client, join(import.meta.dirname, 'asking-client.ts'), [
      ...[String(askEveryMs), String(askedPort), address, own, ...sources],
    ]);
  }
  const asking = await startAnsweringAndAsking().catch(async (error: Error) => {
    await stop();
    throw error;
  });
  const seen = createSeen(asking);
  const cuts = createSwitchCuts(network.runOnSwitch, hostsCount, voterPort);

  return {
    cuts,
    spawnOn,
    seen,
    startGroup: async ({ advertMs, voters, known = voters, witnesses = [], change }) => {
      const numbers = Array.from({ length: known }, (_, index) => index + 1);
      const cluster = await createCluster(known, {
        advertMs,
        hosts: network.hosts,
        under: numbers.map((number) => ['ip', 'netns', 'exec', network.nameOf(number - 1)]),
        group: {
          ...{ shadow: false, rttMs: 5, addresses: [{ address: `${address}/24`, device: 'eth0' }] },
          voters: numbers.map((number) => ({
            ...{ number, node: `mx${number}`, host: network.hosts[number - 1], port: voterPort },
            ...{ priority: 200 - 10 * number, witness: witnesses.includes(number), votes: number <= voters },
          })),
        },
      });
      if (insideOwnWorld()) for (const node of cluster.nodes) mountRun(node);
      if (change !== undefined) for (const node of cluster.nodes) node.writeConfig(change(node.number));
      await Promise.all(cluster.nodes.map((node) => node.start()));
      const group = createGroup(cluster, advertMs);
      await until('all voters vote, and the owner hears them', async () => {
        const holder = await theHolder(cluster.nodes, 100);
        const { peers } = await holder.status();
        return peers.every((peer) => peer.hearsUs || !peer.isVoter) ? true : undefined;
      });
      await until('the client is answered', async () => ((await seen()).isAnswered ? true : undefined));
      return group;
    },
    stop,
  };
}

/** In memory, as /run is: on a disk that others use, each answer of a voter would wait for it. */
function mountRun(node: LeaseNode): void {
  const run = join(node.folder, 'run');
  mkdirSync(run, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'mailward-soak', run]);
}
function unmountRun(node: LeaseNode): void {
  execFileSync('umount', ['--lazy', join(node.folder, 'run')]);
}

function createSeen(asking: ChildProcess): () => Promise<Seen & { readonly isAnswered: boolean }> {
  let direct: Stretch[] = [];
  let asClient: Stretch[] = [];
  let rest = '';
  let mark: () => void = () => {};
  asking.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [way = '', host = '', firstAt, lastAt] = line.split(' ');
      if (way === 'mark') mark();
      else (way === 'client' ? asClient : direct).push({ host, firstAt: Number(firstAt), lastAt: Number(lastAt) });
    }
  });
  return async () => {
    const marked = new Promise<void>((resolve) => {
      mark = resolve;
    });
    asking.stdin?.write('mark\n');
    const isMarked = await Promise.race([marked.then(() => true), pause(markedWithinMs, false, { ref: false })]);
    if (!isMarked) throw new Error(`the client did not say within ${markedWithinMs} ms what it saw`);
    const result = {
      ...foldAnswers(direct),
      clientSilentMsMax: foldAnswers(asClient).silentMsMax,
      isAnswered: asClient.length > 0,
    };
    [direct, asClient] = [[], []];
    return result;
  };
}

function createGroup(cluster: LeaseCluster, advertMs: number): Group {
  const { nodes } = cluster;
  const wonIn = (log: string): string[] =>
    [...log.matchAll(/"event":"proposeAnswer","role":"holding","vote":"\w+","epoch":(\d+)/g)].map(
      ([, epoch = '']) => epoch,
    );
  return {
    nodes,
    advertMs,
    leaseMs: 2.5 * advertMs,
    node: (number) => {
      const found = nodes.find((node) => node.number === number);
      if (found === undefined) throw new Error(`no host ${number}`);
      return found;
    },
    holder: (withinMs) => theHolder(nodes, withinMs),
    elections: () => new Set(nodes.flatMap((node) => wonIn(node.log()))).size,
    failover: (node, ...args) =>
      new Promise((resolve) => {
        const words = [cli, 'failover', ...args, '--socket', join(node.folder, 'run', 'status.sock')];
        execFile(process.execPath, words, (error, stdout, stderr) =>
          resolve({ isDone: error === null, text: (stdout + stderr).trim() }),
        );
      }),
    stop: async () => {
      for (const node of nodes) node.kill('SIGKILL');
      await Promise.all(nodes.map((node) => node.ended()));
      if (insideOwnWorld()) for (const node of nodes) unmountRun(node);
      await cluster.stop();
    },
  };
}

/** Lets the group live for a while under what was done to it. */
export const live = (ms: number): Promise<void> => pause(ms);

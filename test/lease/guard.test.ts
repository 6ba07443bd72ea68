// The guard in a real kernel: three hosts and a client in network namespaces, the client asking the group's addresses every 2 ms.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { arpAnnouncement, neighbourAdvertisement } from '../../services/lease/guard/announcement-frames.ts';
import { announceAfterMs } from '../../services/lease/guard/announcer.ts';
import { ipv6Number } from '../../services/lease/guard/ruleset.ts';
import { createCluster, type LeaseCluster, type LeaseNode, theHolder, until } from './lease-cluster.ts';
import { canMakeNamespaces, createNetwork, type Network } from './namespaces.ts';

/** Long enough that a busy build machine moves nothing by itself. */
const advertMs = 300;
const port = 5999;
const v4 = '10.99.0.100';
const v6 = 'fd99::100';
const client = 3;
const isPossible = canMakeNamespaces();
if (!isPossible && process.env.CI === 'true') throw new Error('the guard is tested as root with nft, socat and ip');

const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

describe.skipIf(!isPossible)('the guard (needs root, nftables, socat, iproute2)', () => {
  let network: Network;
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
    network = createNetwork(4);
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
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });
  afterAll(async () => {
    for (const child of helpers) child.kill('SIGKILL');
    network?.remove();
  });

  /** `commands`: a folder that comes first in PATH; the commands there are told in NODE which member runs them. */
  async function running(options: Record<string, unknown> = {}, commands?: string): Promise<readonly LeaseNode[]> {
    const environment = (number: number) =>
      commands === undefined ? [] : ['env', `PATH=${commands}:${process.env.PATH}`, `NODE=mx${number}`];
    cluster = await createCluster(3, {
      advertMs,
      hosts: network.hosts,
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

  test('the owner answers over both families, alone; SIGTERM moves both within a few milliseconds', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, 0);
    expect(answers.every(({ host }) => host === `mx${first.number}`)).toBe(true);
    const status = await first.status();
    expect(status.guard).toMatchObject({ kind: 'kernel', faults: [] });
    const asked = now();
    first.kill('SIGTERM');
    const second = await theHolder(nodes.filter((node) => node !== first));
    await served(second, asked);
    expect(overlapMs(first, second, asked)).toBe(0);
    expect(await first.ended()).toBe(0);
    expect(network.run(first.number - 1, ['ip', 'address', 'show', 'dev', 'eth0'])).not.toContain(v4);
  });

  test('neighbours learn of the move at once: both caches point to the new owner', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const second = nodes.find((node) => node !== first);
    if (second === undefined) throw new Error('three nodes');
    const macOf = (node: LeaseNode) => network.run(node.number - 1, ['cat', '/sys/class/net/eth0/address']).trim();
    await until('the heir is heard and fit', async () =>
      (await first.status()).peers.every((peer) => peer.isEligible) ? true : undefined,
    );
    await first.order({ kind: 'handOver', heir: second.number });
    await until(
      'both caches',
      async () => {
        const neighbours = network.run(client, ['ip', 'neighbour']).split('\n');
        const lines = [v4, v6].map((address) => neighbours.find((line) => line.startsWith(`${address} `)) ?? '');
        return lines.every((line) => line.includes(macOf(second))) ? true : undefined;
      },
      5000,
    );
  });

  test.each([
    ['lease process and nft child killed', 'SIGKILL'],
    ['lease process and nft child stopped', 'SIGSTOP'],
  ] as const)('%s: silent by the end of the lease, and one other answers', async (_what, signal) => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const nft = nftChildOf(first);
    const endsBy = (await leaseEnds(first)) + advertMs;
    first.kill(signal);
    process.kill(nft, signal);
    const gone = now();
    const second = await theHolder(nodes.filter((node) => node !== first));
    await served(second, gone);
    const last = Math.max(...answersOf(first).map(({ at }) => at));
    expect(last - gone, 'no longer than T_h after its last renewal').toBeLessThan(2 * advertMs + 10);
    expect(last).toBeLessThan(endsBy + 10);
    expect(overlapMs(first, second, gone)).toBe(0);
    if (signal === 'SIGSTOP') {
      const thawed = now();
      process.kill(nft, 'SIGCONT');
      first.kill('SIGCONT');
      await until('it is out', async () => ((await first.status()).role === 'out' ? true : undefined));
      expect(answersOf(first, thawed)).toEqual([]);
    }
  });

  test('a client that knows the way by heart gets no answer either: the hooks for packets hold without those for neighbours', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const mac = network.run(first.number - 1, ['cat', '/sys/class/net/eth0/address']).trim();
    const neighbour = (...args: string[]) =>
      [v4, v6].map((address) =>
        network.run(client, ['ip', 'neighbour', ...args, address, 'dev', 'eth0', 'lladdr', mac]),
      );
    neighbour('replace');
    try {
      const nft = nftChildOf(first);
      for (const node of nodes) node.kill('SIGKILL');
      process.kill(nft, 'SIGKILL');
      const gone = now();
      await until('the address has gone', async () =>
        network.run(first.number - 1, ['ip', 'address', 'show', 'dev', 'eth0']).includes(v4) ? undefined : true,
      );
      const last = Math.max(...answers.map(({ at }) => at));
      // The second layer would let it answer for a second longer.
      expect(last - gone).toBeLessThan(2 * advertMs + 10);
    } finally {
      neighbour('delete');
    }
  });

  test('a client that asks for the way anew learns nothing: neighbour questions go unanswered once the lease has ended', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const nft = nftChildOf(first);
    // The addresses stay beyond the second layer, so that only the hooks can keep them quiet.
    for (const node of nodes) node.kill('SIGKILL');
    process.kill(nft, 'SIGKILL');
    for (const address of [`${v4}/24`, `${v6}/64`])
      network.run(first.number - 1, ['ip', 'address', 'replace', address, 'dev', 'eth0', 'nodad']);
    await until('silence', async () => {
      const latest = Math.max(...answers.map(({ at }) => at));
      return now() - latest > 4 * advertMs ? true : undefined;
    });
    network.run(client, ['ip', 'neighbour', 'flush', 'dev', 'eth0']);
    const waySince = now();
    // The prober asks all the time, so the client asks for the way all the time.
    const looks = 50;
    const learnt: string[] = [];
    for (let look = 0; look < looks; look++)
      for (const line of network.run(client, ['ip', 'neighbour']).split('\n'))
        if ([v4, v6].some((address) => line.startsWith(`${address} `)) && line.includes('lladdr')) learnt.push(line);
    expect(learnt).toEqual([]);
    expect(answers.filter(({ at }) => at > waySince)).toEqual([]);
    for (const address of [`${v4}/24`, `${v6}/64`])
      network.run(first.number - 1, ['ip', 'address', 'delete', address, 'dev', 'eth0']);
  });

  test('coarse, where nftables is missing: the address goes by its own lifetime, and no second answers before', async () => {
    for (const index of [0, 1, 2]) network.run(index, ['nft', 'flush', 'ruleset']);
    const nodes = await running({ guard: 'coarse', advertMs: 1000 });
    const first = await theHolder(nodes);
    await served(first, now());
    const status = await first.status();
    expect(status).toMatchObject({ guard: { kind: 'coarse' }, set: { leaseMs: 3750 }, terms: { holdMs: 2000 } });
    first.kill('SIGKILL');
    const gone = now();
    const second = await theHolder(nodes.filter((node) => node !== first));
    await served(second, gone);
    expect(overlapMs(first, second, gone)).toBe(0);
    expect(Math.max(...answersOf(first).map(({ at }) => at)) - gone).toBeLessThan(2500);
  });

  test('a stopped nft child is replaced: silence is bounded, the lease is kept', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const held = nftChildOf(first);
    process.kill(held, 'SIGSTOP');
    const stopped = now();
    const replaced = await until('another child writes', async () => (nftChildOf(first) === held ? undefined : now()));
    await served(first, replaced + 50);
    // Whether the gate runs out before it is armed anew depends on when in the term the child was stopped.
    const times = answersOf(first).flatMap(({ at }) => (at > stopped ? [at] : []));
    expect(Math.max(...times.map((at, no) => at - (times[no - 1] ?? stopped)))).toBeLessThan(2 * advertMs);
    expect((await first.status()).role).toBe('holding');
  });

  test('a holder whose guard can no longer be opened gives way to a member whose guard can', async () => {
    const commands = mkdtempSync(join(tmpdir(), 'mailward-commands-'));
    const nft = `#!/bin/sh\n[ -e ${commands}/$NODE ] && exit 1\nPATH=\${PATH#*:} exec nft "$@"\n`;
    writeFileSync(join(commands, 'nft'), nft, { mode: 0o755 });
    try {
      const nodes = await running({}, commands);
      const first = await theHolder(nodes);
      await served(first, now());
      writeFileSync(join(commands, `mx${first.number}`), '');
      process.kill(nftChildOf(first), 'SIGKILL');
      const broken = now();
      const second = await theHolder(nodes.filter((node) => node !== first));
      await served(second, broken);
      expect(overlapMs(first, second, broken)).toBe(0);
      expect((await first.status()).why.join(' ')).toContain('the guard could not be opened');
    } finally {
      rmSync(commands, { recursive: true, force: true });
    }
  });

  test('flush ruleset with the agent alive: closed rules come back, nobody else ever answers', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const flushed = now();
    for (const node of nodes) network.run(node.number - 1, ['nft', 'flush', 'ruleset']);
    await until('rules are back everywhere', async () => {
      const tables = nodes.map((node) => network.run(node.number - 1, ['nft', 'list', 'tables']));
      const lost = await Promise.all(nodes.map(async (node) => (await node.status()).guard.lost));
      return tables.every((text) => text.includes('arp mailward_mail')) && lost.every((times) => times > 0)
        ? true
        : undefined;
    });
    await served(first, now());
    expect(answers.filter(({ at, host }) => at > flushed && host !== `mx${first.number}`)).toEqual([]);
    expect((await first.status()).alarms.join(' ')).toContain("took the guard's rules away");
  });

  test('an address that somebody takes off is put back; the second layer ends by itself when all of Mailward is killed', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    network.run(first.number - 1, ['ip', 'address', 'delete', `${v4}/24`, 'dev', 'eth0']);
    await served(first, now() + 20);
    const nft = nftChildOf(first);
    for (const node of nodes) node.kill('SIGKILL');
    process.kill(nft, 'SIGKILL');
    network.run(first.number - 1, ['nft', 'flush', 'ruleset']);
    const flushed = now();
    await until('the address is gone', async () =>
      network.run(first.number - 1, ['ip', 'address', 'show', 'dev', 'eth0']).includes(v4) ? undefined : true,
    );
    expect(Math.max(...answers.map(({ at }) => at)) - flushed).toBeLessThan(2500);
  });

  test('another host that answers without a lease: nobody holds until it is gone, and an alarm says who', async () => {
    for (const address of [`${v4}/24`, `${v6}/64`])
      network.run(client, ['ip', 'address', 'add', address, 'dev', 'eth0', 'nodad']);
    const mac = network.run(client, ['cat', '/sys/class/net/eth0/address']).trim();
    try {
      const nodes = await running();
      await until('each says so', async () => {
        const statuses = await Promise.all(nodes.map((node) => node.status()));
        const isSaid = statuses.every(({ alarms }) =>
          alarms.join(' ').includes(`Another host (${mac}) answers for ${v4}`),
        );
        return isSaid && statuses.every(({ owner, isHealthy }) => owner === null && !isHealthy) ? true : undefined;
      });
      const checks = (await nodes[0]?.ask('/mail/preflight')) as { checks: { name: string; sentence: string }[] };
      expect(checks.checks.filter(({ name }) => name === 'other owners').map(({ sentence }) => sentence)).toEqual([
        expect.stringContaining(v4),
        expect.stringContaining(v6),
      ]);
    } finally {
      for (const address of [`${v4}/24`, `${v6}/64`])
        network.run(client, ['ip', 'address', 'delete', address, 'dev', 'eth0']);
    }
    const first = await theHolder(cluster?.nodes ?? []);
    await served(first, now());
    await until('the alarm has ended', async () => ((await first.status()).alarms.length === 0 ? true : undefined));
  });

  test('an address that somebody put on this host without an end: the process does not start, and leaves it there', async () => {
    network.run(0, ['nft', 'flush', 'ruleset']);
    network.run(0, ['ip', 'address', 'replace', `${v4}/24`, 'dev', 'eth0']);
    try {
      await expect(running()).rejects.toThrow(`${v4} is on eth0 already and has no end there`);
      expect(network.run(0, ['ip', 'address', 'show', 'dev', 'eth0'])).toContain(v4);
    } finally {
      network.run(0, ['ip', 'address', 'delete', `${v4}/24`, 'dev', 'eth0']);
    }
  });

  test('an announcement that is sent raw, as one that comes late is, leaves only the host whose guard is open', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const second = nodes.find((node) => node !== first);
    if (second === undefined) throw new Error('three nodes');
    const macOf = (node: LeaseNode) => network.run(node.number - 1, ['cat', '/sys/class/net/eth0/address']).trim();
    const marker = '10.99.0.201';
    const rules = [first, second].map(
      (node) =>
        `add rule netdev seen frames ether saddr ${macOf(node)} arp daddr ip ${v4} counter name ours${node.number}\n` +
        `add rule netdev seen frames ether saddr ${macOf(node)} icmpv6 type nd-neighbor-advert @th,64,128 ${ipv6Number(v6)} counter name ours${node.number}\n` +
        `add rule netdev seen frames ether saddr ${macOf(node)} arp daddr ip ${marker} counter name marker${node.number}\n`,
    );
    const names = [first, second].flatMap(({ number }) => [`ours${number}`, `marker${number}`]);
    network.run(
      client,
      ['nft', '-f', '-'],
      `add table netdev seen\n${names.map((name) => `add counter netdev seen ${name}`).join('\n')}\n` +
        `add chain netdev seen frames { type filter hook ingress device "eth0" priority 0; policy accept; }\n${rules.join('')}`,
    );
    const countOf = (name: string) =>
      Number(/packets (\d+)/.exec(network.run(client, ['nft', 'list', 'counter', 'netdev', 'seen', name]))?.[1]);
    // Where the frame is dropped, the kernel says so to its sender, and socat fails.
    const send = (node: LeaseNode, frame: Buffer) =>
      spawnSync('ip', ['netns', 'exec', network.nameOf(node.number - 1), 'socat', '-u', 'STDIN', 'INTERFACE:eth0'], {
        input: frame,
      });
    try {
      for (const node of [first, second]) {
        send(node, arpAnnouncement(v4, macOf(node)));
        send(node, neighbourAdvertisement(v6, macOf(node)));
        send(node, arpAnnouncement(marker, macOf(node)));
        await until('the marker has come', async () => (countOf(`marker${node.number}`) > 0 ? true : undefined));
      }
      expect(countOf(`ours${first.number}`), "the owner's own frames pass").toBeGreaterThanOrEqual(2);
      expect(countOf(`ours${second.number}`)).toBe(0);
    } finally {
      network.run(client, ['nft', 'delete', 'table', 'netdev', 'seen']);
    }
  });

  test('announcements are repeated a few times after the opening, and again after a link comes up and after rules were put back', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    const rule = (match: string) => `add rule netdev heard frames ${match} counter name heard`;
    network.run(
      client,
      ['nft', '-f', '-'],
      [
        ...['add table netdev heard', 'add counter netdev heard heard'],
        'add chain netdev heard frames { type filter hook ingress device "eth0" priority 0; policy accept; }',
        rule(`arp saddr ip ${v4} arp daddr ip ${v4}`),
        '',
      ].join('\n'),
    );
    const heard = () =>
      Number(/packets (\d+)/.exec(network.run(client, ['nft', 'list', 'counter', 'netdev', 'heard', 'heard']))?.[1]);
    const times = announceAfterMs.length;
    const heardAgain = (what: string, since: number) =>
      until(what, async () => (heard() >= since + times ? true : undefined)).then(() =>
        expect(heard()).toBe(since + times),
      );
    try {
      const second = nodes.find((node) => node !== first);
      if (second === undefined) throw new Error('three nodes');
      await until('the heir is heard and fit', async () =>
        (await first.status()).peers.every((peer) => peer.isEligible) ? true : undefined,
      );
      const before = heard();
      await first.order({ kind: 'handOver', heir: second.number });
      await until('the heir holds', async () => ((await second.status()).role === 'holding' ? true : undefined));
      await heardAgain('each announcement of the opening', before);
      const beforeLink = heard();
      network.runOnSwitch(['ip', 'link', 'set', `p${second.number - 1}`, 'down']);
      network.runOnSwitch(['ip', 'link', 'set', `p${second.number - 1}`, 'up']);
      await heardAgain('each announcement after the link', beforeLink);
      const beforeFlush = heard();
      network.run(second.number - 1, ['nft', 'flush', 'ruleset']);
      await heardAgain('each announcement after the flush', beforeFlush);
    } finally {
      network.run(client, ['nft', 'delete', 'table', 'netdev', 'heard']);
    }
  });

  test('a container with its own card on the same device (macvlan) is silent while the guard of its host is closed', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const second = nodes.find((node) => node !== first);
    if (second === undefined) throw new Error('three nodes');
    const [container, mac, other] = [`${network.nameOf(0)}-mv`, '02:00:00:00:99:01', '10.99.0.202'];
    const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    ip('netns', 'add', container);
    try {
      const link = ['link', 'add', 'mv0', 'link', 'eth0', 'address', mac, 'netns', container];
      ip('-n', network.nameOf(second.number - 1), ...link, 'type', 'macvlan', 'mode', 'bridge');
      for (const address of [v4, other]) ip('-n', container, 'address', 'add', `${address}/24`, 'dev', 'mv0');
      ip('-n', container, 'link', 'set', 'mv0', 'up');
      const table = 'add table netdev cards';
      const counters = [v4, other].map((address, index) => [
        `add counter netdev cards from${index}`,
        `add rule netdev cards frames ether saddr ${mac} arp saddr ip ${address} arp operation reply counter name from${index}`,
      ]);
      const chain =
        'add chain netdev cards frames { type filter hook ingress device "eth0" priority 0; policy accept; }';
      const rules = [table, chain, ...counters.flat(), ''].join('\n');
      network.run(client, ['nft', '-f', '-'], rules);
      const countOf = (index: number) =>
        Number(
          /packets (\d+)/.exec(network.run(client, ['nft', 'list', 'counter', 'netdev', 'cards', `from${index}`]))?.[1],
        );
      const asks = 5;
      for (let ask = 1; ask <= asks; ask++) {
        for (const address of [v4, other]) {
          network.run(client, ['ip', 'neighbour', 'replace', address, 'dev', 'eth0', 'nud', 'failed']);
          network.run(client, ['ip', 'neighbour', 'replace', address, 'dev', 'eth0', 'use']);
        }
        await until('its other address answers', async () => (countOf(1) >= ask ? true : undefined));
      }
      expect(countOf(0)).toBe(0);
    } finally {
      ip('netns', 'delete', container);
      network.run(client, ['nft', 'delete', 'table', 'netdev', 'cards']);
    }
  });

  test('boot rules load where nothing runs, and keep every address closed', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const config = join(first.folder, 'lease.yaml');
    const main = join(import.meta.dirname, '..', '..', 'services', 'lease', 'main.ts');
    const rules = execFileSync(process.execPath, [main, '--config', config, '--boot-rules'], { encoding: 'utf8' });
    await cluster?.stop();
    const host = first.number - 1;
    const everyAddress = (action: string) => {
      for (const address of [`${v4}/24`, `${v6}/64`])
        network.run(host, ['ip', 'address', action, address, 'dev', 'eth0', 'nodad']);
    };
    for (const node of nodes) network.run(node.number - 1, ['nft', 'flush', 'ruleset']);
    everyAddress('replace');
    try {
      await served(first, now());
      network.run(host, ['nft', '-f', '-'], rules);
      const closed = now();
      await until('it was asked for long enough', async () => (now() - closed > 2 * advertMs ? true : undefined));
      expect(answersOf(first, closed + 20)).toEqual([]);
      network.run(host, ['nft', 'flush', 'ruleset']);
      await served(first, now());
    } finally {
      network.run(host, ['nft', 'flush', 'ruleset']);
      everyAddress('delete');
    }
  });
});

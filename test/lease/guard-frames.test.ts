// The guard at the devices themselves, what is announced, and other owners of the addresses, in a real kernel.
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { arpAnnouncement, neighbourAdvertisement } from '../../services/lease/guard/announcement-frames.ts';
import { announceAfterMs } from '../../services/lease/guard/announcer.ts';
import { ipv6Number } from '../../services/lease/guard/ruleset.ts';
import { canGuard, client, createGuardWorld, now, v4, v6 } from './guard-world.ts';
import { type LeaseNode, theHolder, until } from './lease-cluster.ts';

describe.skipIf(!canGuard)('frames and other owners (needs root, nftables, socat, iproute2)', () => {
  const { network, nodes: members, running, served } = createGuardWorld();

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
    const first = await theHolder(members());
    await served(first, now());
    await until('the alarm has ended', async () => ((await first.status()).alarms.length === 0 ? true : undefined));
  });

  test('an address that somebody put on this host without an end: the group only votes there, and nobody holds beside it', async () => {
    network.run(0, ['nft', 'flush', 'ruleset']);
    network.run(0, ['ip', 'address', 'replace', `${v4}/24`, 'dev', 'eth0']);
    const mac = network.run(0, ['cat', '/sys/class/net/eth0/address']).trim();
    let [here, ...others]: LeaseNode[] = [];
    try {
      [here, ...others] = await running();
      const status = await here?.status();
      expect(status).toMatchObject({ mode: 'observe-only', isHealthy: false, role: 'out' });
      expect(status?.alarms.join(' ')).toContain(`${v4} is on eth0 already and has no end there`);
      await until('the others see who answers', async () => {
        const statuses = await Promise.all(others.map((node) => node.status()));
        return statuses.every(({ alarms, owner }) => owner === null && alarms.join(' ').includes(mac)) || undefined;
      });
      expect(network.run(0, ['ip', 'address', 'show', 'dev', 'eth0'])).toContain(v4);
    } finally {
      network.run(0, ['ip', 'address', 'delete', `${v4}/24`, 'dev', 'eth0']);
    }
    const holder = await theHolder(others);
    await until('its vote counts there', async () => {
      const { peers } = await holder.status();
      const isCounted = peers.every(
        ({ number, heardMsAgo, hearsUs }) => number !== here?.number || (heardMsAgo !== null && hearsUs),
      );
      return isCounted || undefined;
    });
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
});

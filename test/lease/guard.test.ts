// The guard in a real kernel: one answers, then another, never two; whatever becomes of the lease process and of the rules.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { advertMs, canGuard, client, createGuardWorld, now, v4, v6 } from './guard-world.ts';
import { theHolder, until } from './lease-cluster.ts';

describe.skipIf(!canGuard)('the guard (needs root, nftables, socat, iproute2)', () => {
  const { network, answers, running, answersOf, served, overlapMs, nftChildOf, leaseEnds, stopCluster } =
    createGuardWorld();

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

  test('boot rules load where nothing runs, and keep every address closed', async () => {
    const nodes = await running();
    const first = await theHolder(nodes);
    await served(first, now());
    const config = join(first.folder, 'lease.yaml');
    const main = join(import.meta.dirname, '..', '..', 'services', 'lease', 'main.ts');
    const rules = execFileSync(process.execPath, [main, '--config', config, '--boot-rules'], { encoding: 'utf8' });
    await stopCluster();
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

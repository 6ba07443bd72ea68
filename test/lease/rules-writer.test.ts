// The lines that close, in a real kernel: what is acknowledged stands, whatever somebody else did before.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createRulesWriter, type RulesWriter } from '../../services/lease/guard/rules-writer.ts';
import { leaseConfigSchema } from '../../services/protocol/lease-config.ts';
import { systemClock } from '../../services/runtime/clock.ts';
import { until } from './lease-cluster.ts';
import { canMakeNamespaces, createNetwork, type Network } from './namespaces.ts';

const isPossible = canMakeNamespaces();
if (!isPossible && process.env.CI === 'true') throw new Error('rules are written as root with nft and ip');

const [config] = leaseConfigSchema.parse({
  node: 'mx1',
  groups: [
    {
      ...{ name: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', noMajority: 'hold-down' },
      keys: [{ id: 1, secretFile: 'none' }],
      voters: [1, 2, 3].map((number) => ({ number, node: `mx${number}`, host: `192.0.2.${number}` })),
      addresses: [
        { address: '10.99.0.100/24', device: 'eth0' },
        { address: 'fd99::100/64', device: 'eth0' },
      ],
    },
  ],
}).groups;
let network: Network | undefined;
let folder: string;
let rules: RulesWriter | undefined;
const pathBefore = process.env.PATH;
beforeAll(() => {
  if (!isPossible) return;
  network = createNetwork(1);
  folder = mkdtempSync(join(tmpdir(), 'mailward-nft-'));
  const [nft] = network.run(0, ['which', 'nft']).trim().split('\n');
  writeFileSync(join(folder, 'nft'), `#!/bin/sh\nexec ip netns exec ${network.nameOf(0)} ${nft} "$@"\n`, {
    mode: 0o755,
  });
  process.env.PATH = `${folder}:${pathBefore}`;
});
afterEach(async () => {
  await rules?.stop();
  rules = undefined;
});
afterAll(() => {
  process.env.PATH = pathBefore;
  network?.remove();
  if (isPossible) rmSync(folder, { recursive: true, force: true });
});
const nft = (...words: string[]): string => network?.run(0, ['nft', ...words]) ?? '';

test.skipIf(!isPossible).each([
  ['the rules of every table', ['inet', 'arp', 'netdev'].map((family) => `flush table ${family} mailward_mail`)],
  ['one chain', ['flush chain inet mailward_mail answer']],
  ['a chain with its hook', ['flush chain arp mailward_mail answer', 'delete chain arp mailward_mail answer']],
  ['a table', ['delete table inet mailward_mail']],
  ['all but what passes everything', ['insert rule inet mailward_mail arrive accept']],
])(
  'somebody took away or passed %s: the next closing stands whole once it is acknowledged (needs root, nftables, iproute2)',
  async (_what, commands) => {
    if (config === undefined) throw new Error('one group');
    const faults: string[] = [];
    const writer = createRulesWriter(config, {
      ...{ after: systemClock.after, onLaid: () => {}, onFault: (what: string) => faults.push(what) },
    });
    rules = writer;
    const closed = () => new Promise<boolean>((resolve) => writer.close(resolve));
    expect(await closed()).toBe(true);
    await until('the rules at the devices stand', async () => writer.guardsDevices() || undefined);
    const listed = () => ['inet', 'arp', 'netdev'].map((family) => nft('list', 'table', family, 'mailward_mail'));
    const whole = listed();
    expect(whole.join('').match(/ drop$/gm)?.length).toBeGreaterThan(15);
    for (const command of commands) nft(...command.split(' '));
    await expect.poll(closed).toBe(true);
    expect(listed()).toEqual(whole);
    expect(faults).toEqual([]);
  },
);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { leaseMsOf } from '../failover/lease/terms.ts';
import { leaseConfigSchema } from '../protocol/lease-config.ts';
import { askNeighbours } from './other-owners.ts';

const [config] = leaseConfigSchema.parse({
  node: 'mx1',
  groups: [
    {
      ...{ name: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', noMajority: 'hold-down' },
      ...{ preset: 'lan', keys: [{ id: 1, secretFile: 'none' }] },
      voters: [1, 2, 3].map((number) => ({ number, node: `mx${number}`, host: `192.0.2.${number}` })),
      addresses: [{ address: '192.0.2.100/24', device: 'eth0' }],
    },
  ],
}).groups;

let folder: string;
const pathBefore = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-ip-'));
  process.env.PATH = `${folder}:${pathBefore}`;
});
afterEach(() => {
  process.env.PATH = pathBefore;
  rmSync(folder, { recursive: true, force: true });
});
/** Stands in for ip(8), so that neither the right nor a network is needed. */
const ip = (body: string) => writeFileSync(join(folder, 'ip'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
async function asked(withinMs?: number) {
  if (config === undefined) throw new Error('one group');
  const waits: number[] = [];
  const after = (delayMs: number, task: () => void) => {
    waits.push(delayMs);
    task();
    return () => {};
  };
  return { found: await askNeighbours(config, after, withinMs), waits };
}

test('a silent network is asked twice, within half of M of the preset lan', async () => {
  ip('exit 2');
  const muteMs = leaseMsOf(100, 0);
  const { found, waits } = await asked(muteMs);
  expect(found).toEqual([]);
  expect(waits).toHaveLength(2);
  expect(waits.reduce((sum, wait) => sum + wait)).toBeLessThanOrEqual(muteMs / 2);
});

test('a long M makes nobody wait longer than a neighbour needs', async () => {
  ip('exit 2');
  expect((await asked(10_000)).waits).toEqual([250, 250]);
  expect((await asked()).waits).toEqual([250, 250]);
});

test('who answers is named, and not asked again', async () => {
  ip('case "$*" in *show*) echo "192.0.2.100 lladdr 02:00:00:00:00:09 REACHABLE";; *) exit 2;; esac');
  const { found, waits } = await asked();
  expect(found).toEqual([expect.stringContaining('Another host (02:00:00:00:00:09) answers for 192.0.2.100')]);
  expect(waits).toHaveLength(1);
});

// A file that cannot work stops a lease process before it touches anything, and every fault is named with its line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', '..', 'services', 'lease', 'main.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-check-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const group = (name: string, incarnation: string, voters: string) => `
  - name: ${name}
    incarnation: ${incarnation}
    noMajority: hold-down
    advertMs: 50
    rttMs: 20
    leaseMs: 100
    keys: [{ id: 1, secretFile: /nowhere }]
    addresses: [{ address: 192.0.2.100/24, device: eth0 }]
    voters:
${voters}`;
const twoVoters = `      - { number: 1, node: mx1, host: 192.0.2.1 }
      - { number: 1, node: mx2, host: 192.0.2.2 }`;

test.each(['--check', 'run'])('%s: duplicate ids, a shared address, no quorum, A and T that cannot hold', (how) => {
  const file = join(folder, 'lease.yaml');
  const groups = [
    group('mail', '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', twoVoters),
    group('web', '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f11', twoVoters),
  ];
  writeFileSync(file, `node: mx1\nrunDir: ${join(folder, 'run')}\ngroups:${groups.join('')}\n`);
  const flags = ['--config', file, ...(how === 'run' ? [] : [how])];
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...flags], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  for (const fault of [
    /lease.yaml:14 groups.0.voters.1.number: number 1 is also that of voter 1/,
    /groups.0.voters: Two voters have no majority once one is lost/,
    /lease.yaml:7 groups.0.advertMs: A of 50 ms is too short for a round trip of 20 ms: at least 80 ms/,
    /lease.yaml:9 groups.0.leaseMs: T of 100 ms cannot be held/,
    /groups.1.addresses.0: The address 192.0.2.100 is also in group mail/,
  ])
    expect(stderr).toMatch(fault);
  expect(existsSync(join(folder, 'run')), 'nothing was started').toBe(false);
});

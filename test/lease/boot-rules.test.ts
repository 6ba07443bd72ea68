// What `--boot-rules` closes, and the unit that loads it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'services', 'lease', 'main.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-boot-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rulesOf(top: Record<string, unknown>, change: Record<string, unknown>): string {
  const file = join(folder, 'lease.yaml');
  const voter = (number: number) => ({ number, node: `mx${number}`, host: `192.0.2.${number}`, witness: number === 3 });
  const group = {
    ...{ name: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', noMajority: 'hold-down', shadow: false },
    ...{ advertMs: 2000, keys: [{ id: 1, secretFile: '/etc/mailward/lease.key' }], voters: [1, 2, 3].map(voter) },
    addresses: [{ address: '192.0.2.100/24', device: 'eth0' }],
    ...change,
  };
  writeFileSync(file, JSON.stringify({ node: 'mx1', actions: 'enabled', ...top, groups: [group] }));
  return execFileSync(process.execPath, [main, '--config', file, '--boot-rules'], { encoding: 'utf8' });
}

test('an address that this node may open is closed at boot', () => {
  expect(rulesOf({}, {})).toContain('192.0.2.100');
});

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['a group in shadow', {}, { shadow: true }],
  ['a member without the word to act, which is the default', { actions: undefined }, {}],
  ['a witness', { node: 'mx3' }, {}],
  ['a group without a guard in the kernel', {}, { guard: 'coarse' }],
])('nothing is closed that nothing would open: %s', (_what, top, change) => {
  expect(rulesOf(top, change)).toBe('');
});

test('the unit fails when the configuration cannot be read, and loads nothing then', () => {
  const unit = readFileSync(join(root, 'deploy', 'systemd', 'mailward-guard.service'), 'utf8');
  const script = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit)?.[1]?.replaceAll('$$', '$') ?? '';
  const run = (mailward: string) =>
    spawnSync('sh', ['-c', script.replace('/usr/bin/mailward', mailward).replace('/usr/sbin/nft -f -', 'cat')], {
      encoding: 'utf8',
    });
  expect(run('echo')).toMatchObject({ status: 0, stdout: expect.stringContaining('--boot-rules') });
  expect(run('false')).toMatchObject({ status: 1, stdout: '' });
});

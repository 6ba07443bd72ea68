// What a lease process refuses before it starts, with the place and what would be right.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leaseConfigSchema } from '../protocol/lease-config.ts';
import { parseConfig } from '../runtime/config-file.ts';

const voter = (number: number, change: Record<string, unknown> = {}) => ({
  ...{ number, node: `mx${number}`, host: `192.0.2.${number}` },
  ...change,
});
const group = (change: Record<string, unknown> = {}) => ({
  ...{ name: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', noMajority: 'hold-down' },
  keys: [{ id: 1, secretFile: '/etc/mailward/lease.key' }],
  voters: [voter(1), voter(2), voter(3, { witness: true })],
  addresses: [{ address: '192.0.2.100/24', device: 'eth0' }],
  ...change,
});
const faultsOf = (groups: unknown[], node = 'mx1'): string[] => {
  const result = parseConfig(leaseConfigSchema, JSON.stringify({ node, groups }));
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path}: ${message}`);
};
const other = (change: Record<string, unknown>) =>
  group({ name: 'web', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f11', ...change });

test.each(['lease', 'witness'])('the example file %s.yaml is right', (name) => {
  const example = join(import.meta.dirname, '..', '..', 'deploy', 'examples', `${name}.yaml`);
  expect(parseConfig(leaseConfigSchema, readFileSync(example, 'utf8'))).toMatchObject({ ok: true });
});

test('a whole file is taken', () => expect(faultsOf([group()])).toEqual([]));

test.each<[string, unknown[], RegExp]>([
  [
    'a number twice',
    [group({ voters: [voter(1), voter(2), voter(2, { node: 'mx3', host: '192.0.2.3' })] })],
    /number 2 is also that of voter 2/,
  ],
  ['a node twice', [group({ voters: [voter(1), voter(2), voter(3, { node: 'mx2' })] })], /node mx2 is also/],
  [
    'an address of a voter twice',
    [group({ voters: [voter(1), voter(2), voter(3, { host: '192.0.2.2' })] })],
    /address 192.0.2.2 port 7401 is also/,
  ],
  [
    'an address in two groups',
    [group(), other({})],
    /groups.1.addresses.0: The address 192.0.2.100 is also in group mail/,
  ],
  [
    'an address twice, spelt otherwise',
    [
      group({
        addresses: [
          { address: 'fd00::9', device: 'eth0' },
          { address: 'fd00:0::9/64', device: 'eth0' },
        ],
      }),
    ],
    /fd00::9 is also in group mail/,
  ],
  [
    'an address that a voter has as its own',
    [group({ addresses: [{ address: '192.0.2.3/24', device: 'eth0' }] })],
    /groups.0.addresses.0: 192.0.2.3 is the fixed address of voter 3/,
  ],
  [
    'a name twice',
    [group(), other({ name: 'mail', addresses: [{ address: '192.0.2.101', device: 'eth0' }] })],
    /groups.1.name: The name mail is also in group mail/,
  ],
  ['one voter alone', [group({ voters: [voter(1)] })], /One voter has nobody to hand over to/],
  ['a voter number that is none', [group({ voters: [voter(0), voter(2), voter(3)] })], /voters.0.number/],
  ['A that no network holds', [group({ advertMs: 5 })], /advertMs/],
  ['T beyond all bounds', [group({ leaseMs: 3_600_000 })], /leaseMs/],
  [
    'A of the preset below four round trips',
    [group({ preset: 'lan', rttMs: 40 })],
    /A of 100 ms is too short for a round trip of 40 ms: at least 160 ms/,
  ],
  [
    'an incarnation twice',
    [group(), other({ incarnation: group().incarnation, addresses: [{ address: '192.0.2.101', device: 'eth0' }] })],
    /incarnation .* is also in group mail/,
  ],
  ['two voters', [group({ voters: [voter(1), voter(2)] })], /no majority once one is lost/],
  [
    'witnesses alone',
    [group({ voters: [1, 2, 3].map((number) => voter(number, { witness: true })) })],
    /Nobody may hold/,
  ],
  [
    'too many voters',
    [group({ voters: Array.from({ length: 10 }, (_, index) => voter(index + 1)) })],
    /10 voters; at most 9 vote/,
  ],
  ['A below four round trips', [group({ advertMs: 50, rttMs: 20 })], /A of 50 ms is too short .* at least 80 ms/],
  [
    'T below its terms',
    [group({ advertMs: 1000, freezeMs: 400, leaseMs: 2500 })],
    /at least 2.5·A \+ F\/0.8 = 3000 ms/,
  ],
  ['coarse and fast', [group({ guard: 'coarse', advertMs: 200 })], /at least 1000 ms/],
  [
    'fail-static on shared storage',
    [group({ noMajority: 'fail-static', sharedStorage: true })],
    /corrupts shared storage/,
  ],
  ['no choice without a majority', [group({ noMajority: undefined })], /Choose hold-down/],
  ['three keys', [group({ keys: [1, 2, 3].map((id) => ({ id, secretFile: 'x' })) })], /At most two keys/],
  ['two keys of one id', [group({ keys: [1, 1].map((id) => ({ id, secretFile: 'x' })) })], /Two keys have one id/],
  [
    'a host by name',
    [group({ voters: [voter(1, { host: 'mx1.example' }), voter(2), voter(3)] })],
    /as numbers, not as a name/,
  ],
])('refused: %s', (_what, groups, expected) => {
  expect(faultsOf(groups).join('\n')).toMatch(expected);
});

test('voters of the other IP version are refused', () => {
  const voters = [voter(1), voter(2), voter(3, { host: '2001:db8::3' })];
  expect(faultsOf([group({ voters })]).join('\n')).toMatch(/voters.2.host: 2001:db8::3 cannot be reached from 0.0.0.0/);
});

test('it listens where the others send: a witness on 7402, and nothing else is taken', () => {
  const portOf = (node: string, change: Record<string, unknown> = {}): unknown => {
    const result = parseConfig(leaseConfigSchema, JSON.stringify({ node, groups: [group()], ...change }));
    return result.ok ? result.config.listen.port : result.faults.map(({ path, message }) => `${path}: ${message}`);
  };
  expect([portOf('mx1'), portOf('mx3'), portOf('mx3', { listen: { port: 7402 } })]).toEqual([7401, 7402, 7402]);
  expect(portOf('mx3', { listen: { port: 7401 } })).toEqual([
    'groups.0.voters.2.port: The others send to port 7402, and this process listens on 7401: give both one port',
  ]);
});

test('a file of a node that is no voter is refused', () => {
  expect(faultsOf([group()], 'mx9').join('\n')).toMatch(/None of the voters is mx9/);
});

import { describe, expect, test } from 'vitest';
import { parseConfig } from '../runtime/config-file.ts';
import { hostsOf, planTopology, readTopology, topologySchema } from './topology.ts';

const yaml = (hosts: string) => `domain: lab.test
mailboxes: 2
places:
  a: { network: 1 }
hosts:
  dns: { role: dns, place: a, number: 2 }
${hosts}`;

function faultsOf(hosts: string): readonly string[] {
  const result = parseConfig(topologySchema, yaml(hosts));
  return result.ok ? [] : result.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

describe('a topology', () => {
  test.each(['default', 'pair', 'two-sites'])('%s is shipped and whole', async (name) => {
    const plan = await readTopology(name);
    for (const role of ['dns', 'control', 'client', 'remote', 'witness'] as const)
      expect(hostsOf(plan, role)).toHaveLength(1);
    const addresses = plan.hosts.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
    expect(new Set(addresses).size).toBe(plan.hosts.length * 2);
  });

  test('gives both holders of the same mailboxes each other and the same domains', () => {
    const parsed = topologySchema.parse({
      domain: 'lab.test',
      mailboxes: 1,
      places: { a: { network: 3 } },
      hosts: {
        dns: { role: 'dns', place: 'a', number: 2 },
        mx1: { role: 'mail', place: 'a', number: 11, domains: ['lab.test'] },
        mx2: { role: 'mail', place: 'a', number: 12, replicaOf: 'mx1' },
      },
    });
    const [, mx1, mx2] = planTopology(parsed).hosts;
    expect(mx1).toMatchObject({ peer: 'mx2', domains: ['lab.test'], ipv4: '10.77.3.11', ipv6: 'fd77::3:11' });
    expect(mx2).toMatchObject({ peer: 'mx1', domains: ['lab.test'] });
  });

  test.each([
    ['  mx1: { role: mail, place: b, number: 11 }', '7 hosts.mx1.place: no place is named b'],
    ['  mx1: { role: mail, place: a, number: 2 }', '7 hosts.mx1.number: dns has this number already'],
    [
      '  mx1: { role: mail, place: a, number: 11, replicaOf: dns }',
      '7 hosts.mx1.replicaOf: dns is no other host of the role mail',
    ],
    [
      '  mx1: { role: mail, place: a, number: 11, replicaOf: mx1 }',
      '7 hosts.mx1.replicaOf: mx1 is no other host of the role mail',
    ],
    ['  dns2: { role: dns, place: a, number: 3 }', '5 hosts: more than one host is dns'],
  ])('says where it is wrong: %s', (hosts, fault) => {
    expect(faultsOf(hosts).map((text) => text.replace(/^\d+ hosts:/, '5 hosts:'))).toContain(fault);
  });

  test('has at most 40 hosts', () => {
    const hosts = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => `  w${index}: { role: witness, place: a, number: ${index + 10} }`,
      ).join('\n');
    expect(faultsOf(hosts(39))).toEqual([]);
    expect(faultsOf(hosts(40)).join()).toContain('at most 40 hosts');
  });
});

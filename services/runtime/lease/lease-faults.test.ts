import { expect, test } from 'vitest';
import { leaseConfigSchema } from '../../protocol/lease-config.ts';
import { advertFault } from './lease-faults.ts';

const voter = (number: number) => ({ number, node: `mx${number}`, host: `192.0.2.${number}` });
const [group] = leaseConfigSchema.parse({
  node: 'mx1',
  groups: [
    {
      ...{ name: 'mail', incarnation: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', noMajority: 'hold-down', preset: 'lan' },
      keys: [{ id: 1, secretFile: '/etc/mailward/lease.key' }],
      voters: [voter(1), voter(2), voter(3)],
      addresses: [{ address: '192.0.2.100/24', device: 'eth0' }],
    },
  ],
}).groups;

test('A is at least four of the round trips that were measured', () => {
  if (group === undefined) throw new Error('one group');
  expect(advertFault(group, 25)).toBeUndefined();
  expect(advertFault(group, 25.1)).toBe(
    'A of 100 ms cannot be held here: the round trip was measured as 25.1 ms (p99), and A is at least four of it, 101 ms',
  );
});

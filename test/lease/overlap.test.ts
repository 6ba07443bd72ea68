// The short form of `npm run bench -- failover --overlap`: two hosts never speak for one address at the same instant.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { measureOverlap, shortBatches } from '../bench/failover/overlap.ts';
import { canMakeNamespaces } from './namespaces.ts';

const isPossible = canMakeNamespaces() && spawnSync('tcpdump', ['--version']).status === 0;
if (!isPossible && process.env.CI === 'true')
  throw new Error('overlap is measured as root with nft, socat, ip and tcpdump');

test.skipIf(!isPossible)(
  'overlap is 0 ms (needs root, nftables, socat, iproute2, tcpdump)',
  async () => {
    const result = await measureOverlap(shortBatches(), 150, () => {});
    expect(result.shapes.filter(({ overlapMs }) => overlapMs > 0)).toEqual([]);
    expect(result).toMatchObject({ overlapMs: 0, unheard: [], unheardFrames: 0 });
    expect(result.moves).toBeGreaterThanOrEqual(4);
  },
  100_000,
);

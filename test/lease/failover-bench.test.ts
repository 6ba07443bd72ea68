// The failover benchmark in short: both contenders move their address, Mailward in a sane time beside keepalived and with no overlap
// seen. Figures to be judged are those of `npm run bench -- failover` on a quiet machine.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../services/demo/random.ts';
import type { Contender, Fault } from '../bench/failover/contender.ts';
import { createKeepalived } from '../bench/failover/keepalived.ts';
import { createMailward } from '../bench/failover/mailward.ts';
import { runCase } from '../bench/failover/repeat.ts';
import { createWorld, type World } from '../bench/failover/world.ts';
import { canMakeNamespaces } from './namespaces.ts';

/** Long enough that a busy build machine moves nothing by itself. */
const advertMs = 200;
const hasKeepalived = (): boolean => {
  try {
    execFileSync('keepalived', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const isPossible = canMakeNamespaces() && hasKeepalived();
if (!isPossible && process.env.CI === 'true')
  throw new Error('the failover benchmark is tested as root with nft, ip and keepalived');

describe.skipIf(!isPossible)('failover beside keepalived (needs root, nftables, iproute2, keepalived)', () => {
  let world: World;
  const contenders: Contender[] = [];
  beforeAll(async () => {
    world = await createWorld();
    contenders.push(await createMailward(world, advertMs), createKeepalived(world, advertMs));
  });
  afterAll(async () => {
    for (const contender of contenders) await contender.stop();
    await world?.stop();
  });
  const measure = (fault: Fault, repetitions: number) =>
    runCase(world, contenders, { fault, advertMs, repetitions, random: createRandom(1), say: () => {} });

  test('host-cut: both move, after a lease of T and after three adverts', async () => {
    const found = await measure('host-cut', 2);
    expect(found).toMatchObject({ n: 2, leaseMs: 500, moved: { mailward: 2, keepalived: 2 }, overlapMs: 0 });
    // A holder that is cut right before an advert is replaced T after the last one, and a whole A of that has passed.
    expect(found.mailward.medianMs).toBeGreaterThan(1.5 * advertMs - 20);
    expect(found.ratio).toBeLessThan(2);
  });

  test('service-killed: Mailward moves in a fraction of what an interval of one second allows', async () => {
    const found = await measure('service-killed', 2);
    expect(found).toMatchObject({ moved: { mailward: 2, keepalived: 2 }, overlapMs: 0 });
    expect(found.mailward.medianMs).toBeLessThan(1000);
  });

  test('agent-killed: the old address is silent from the end of the lease on', async () => {
    const found = await measure('agent-killed', 1);
    expect(found).toMatchObject({ moved: { mailward: 1, keepalived: 1 }, isSilentAfterLease: true, overlapMs: 0 });
  });
});

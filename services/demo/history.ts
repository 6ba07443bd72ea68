import type { NodeName } from './cast.ts';
import type { OffsetMinutes } from './log-format.ts';
import { createRandom } from './random.ts';
import { createSimulatedNetwork } from './simulated-network.ts';
import { createSite, type Site } from './site.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export const historyMs = 60 * 60_000;

/**
 * The last hour of a site, played on a virtual clock up to `now`: every line goes to `writeLine`, in order for each node. The site
 * then goes on from there, what still waits in its queues included, once its clock and its network are handed over.
 */
export function playHistory(
  options: { readonly seed: number; readonly now: number; readonly offsetMinutes: OffsetMinutes },
  writeLine: (node: NodeName, line: string) => void,
): { readonly site: Site; readonly clock: VirtualClock } {
  const clock = createVirtualClock(options.now - historyMs);
  const site = createSite(options, { clock, writeLine });
  site.setNetwork(createSimulatedNetwork(site, { clock, random: createRandom(options.seed + 1) }));
  site.startTraffic();
  clock.runUntil(options.now);
  return { site, clock };
}

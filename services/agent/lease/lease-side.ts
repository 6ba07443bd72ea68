// The agent's side towards the lease process of its node: what it says goes to control, to the metrics, and to the log.
import type { Clock } from '../../runtime/clock.ts';
import { createLeaseLink, type LeaseLink } from '../../runtime/lease/lease-link.ts';
import type { AgentEvents } from '../events.ts';
import { createFamilyBoard } from '../metrics/family.ts';
import { leaseFamilies } from './lease-families.ts';

export function createLeaseSide(
  config: { readonly node: string; readonly socket: string },
  deps: { readonly clock: Clock; readonly events: Pick<AgentEvents, 'registry' | 'leaseLooked'> },
): LeaseLink {
  const { clock, events } = deps;
  const board = createFamilyBoard(events.registry);
  return createLeaseLink(config, {
    clock,
    onLook: (look) => {
      events.leaseLooked(look, config.node);
      board.show('lease', leaseFamilies(look));
    },
  });
}

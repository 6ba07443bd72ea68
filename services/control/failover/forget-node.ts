import { AppError } from '../../protocol/errors.ts';
import type { FleetKeeper } from '../fleet-keeper.ts';
import type { FailoverKeeper } from './failover-keeper.ts';

/**
 * Forgets a node with what it said of lease groups. A witness beside control has no agent, and an agent may go on without the lease
 * process that spoke through it: of these, what was said goes once it is too old to be believed.
 * @throws AppError as the fleet does.
 */
export function createForgetNode(deps: {
  readonly fleet: Pick<FleetKeeper, 'forget'>;
  readonly failover: Pick<FailoverKeeper, 'isSilent' | 'forgetNode'>;
}): (node: string) => Promise<void> {
  const { fleet, failover } = deps;
  return async (node) => {
    const isSilent = failover.isSilent(node);
    try {
      await fleet.forget(node);
    } catch (error) {
      const isOfFleet = error instanceof AppError && (error.code === 'not-found' || error.code === 'node-alive');
      if (!isOfFleet || !isSilent) throw error;
    }
    await failover.forgetNode(node);
  };
}

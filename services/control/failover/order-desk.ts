// Orders to a lease group: told to its owner as a signed command, and on record before it is sent and when it is answered for.
import { type Action, type ActionAnswer, type ActionResult, actionLimits } from '../../protocol/action.ts';
import { AppError } from '../../protocol/errors.ts';
import type { AuditRecord, FailoverGroup, FailoverOrder } from '../../protocol/failover.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CommandDesk } from '../commands/command-desk.ts';
import type { StateStore } from '../state/state-store.ts';
import type { FailoverEvents } from './failover-events.ts';

export type OrderDesk = {
  /**
   * @throws AppError `bad-request` when nobody is known to own the group, or for a node that is no voter of it; else as the desk
   * of commands does. A record that cannot be written stops the order; one that cannot be completed is told in the log.
   */
  readonly run: (group: FailoverGroup, order: FailoverOrder) => Promise<ActionAnswer>;
  /** The end of an action of any kind; completes the record of an order that nobody waited for until then. */
  readonly resultCame: (node: string, result: ActionResult) => void;
};

export function createOrderDesk(deps: {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly desk: Pick<CommandDesk, 'run'>;
  readonly state: Pick<StateStore, 'writeAudit'>;
  readonly events: Pick<FailoverEvents, 'orderRecorded' | 'orderNotRecorded'>;
}): OrderDesk {
  const { clock, newId, desk, state, events } = deps;
  /** By the command: orders whose end is not known yet, the oldest first. */
  const unended = new Map<string, AuditRecord>();

  async function record(entry: AuditRecord): Promise<void> {
    await state.writeAudit(entry);
    events.orderRecorded(entry);
  }
  const complete = (entry: AuditRecord) =>
    record(entry).catch((error: unknown) => events.orderNotRecorded(entry, error));

  async function tell(node: string, action: Action, waitMs: number, asked: AuditRecord): Promise<ActionAnswer> {
    try {
      return await desk.run(node, action, waitMs);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      await complete({ ...asked, outcome: 'not-sent', detail });
      throw error;
    }
  }

  return {
    run: async (group, { do: wish, node: named, reason, waitMs }) => {
      const node = named ?? group.owner?.node;
      if (node === undefined)
        throw new AppError('bad-request', `Nobody is known to own ${group.group}, and orders are told to the owner`, {
          hint: 'Wait until one owns it, or name a node',
        });
      if (!group.voters.some((voter) => voter.node === node))
        throw new AppError('bad-request', `${node} is no voter of ${group.group}`, {
          hint: `Its voters are ${group.voters.map((voter) => voter.node).join(', ')}`,
        });
      const action: Action = { action: 'lease-order', parameters: { group: group.group, ...wish } };
      const { order, ...parameters } = wish;
      const asked: AuditRecord = {
        ...{ id: newId(), at: clock.now(), actor: 'operator', action: order, target: group.id, node },
        ...{ parameters: { group: group.group, ...parameters }, reason, outcome: 'asked', detail: '' },
      };
      await record(asked);
      const answer = await tell(node, action, waitMs, asked);
      if (answer.state === 'taken' || answer.state === 'unknown') unended.set(answer.id, asked);
      for (const oldest of unended.keys()) {
        if (unended.size <= actionLimits.pendingMax) break;
        unended.delete(oldest);
      }
      await complete({ ...asked, outcome: answer.state, detail: answer.detail });
      return answer;
    },
    resultCame: (node, { id, outcome, detail }) => {
      const asked = unended.get(id);
      if (asked?.node !== node) return;
      unended.delete(id);
      void complete({ ...asked, outcome, detail });
    },
  };
}

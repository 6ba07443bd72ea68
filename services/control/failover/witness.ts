// The witness beside control: a voter in a process of its own, which speaks here without a channel in between.
import {
  type LeaseQuestion,
  type LeaseReply,
  leaseHistoryMessageSchema,
  leaseReplySchema,
  leaseStatusMessageSchema,
} from '../../protocol/failover.ts';
import { leaseEvents } from '../../protocol/live.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createLeaseLink } from '../../runtime/lease/lease-link.ts';
import type { FailoverEvents } from './failover-events.ts';
import type { FailoverKeeper } from './failover-keeper.ts';

export type Witness = {
  /** `undefined` for any other node. */
  readonly ask: (node: string, question: LeaseQuestion) => Promise<LeaseReply> | undefined;
  readonly stop: () => void;
};

export function createWitness(
  config: { readonly socket: string },
  deps: {
    readonly clock: Clock;
    readonly failover: Pick<FailoverKeeper, 'heardStatus' | 'heardHistory'>;
    readonly events: Pick<FailoverEvents, 'reportRefused' | 'witnessLooked'>;
  },
): Witness {
  const { clock, failover, events } = deps;
  let node: string | undefined;
  const link = createLeaseLink(
    { socket: config.socket },
    {
      clock,
      onLook: (look) => {
        node = look.status?.node ?? node;
        events.witnessLooked(look);
      },
    },
  );
  link.connected({
    tell: (event, payload) => {
      if (event === leaseEvents.status) failover.heardStatus(leaseStatusMessageSchema.parse(payload));
    },
    ask: (_event, payload) =>
      failover.heardHistory(leaseHistoryMessageSchema.parse(payload)).then(
        () => true,
        (error: unknown) => {
          events.reportRefused('not-kept', error);
          return false;
        },
      ),
  });
  return {
    ask: (asked, question) =>
      asked === node ? link.question(question).then((reply) => leaseReplySchema.parse(reply)) : undefined,
    stop: link.stop,
  };
}

// What an agent forwards of its lease process, over the connection that it said hello on.
import type { Socket } from 'socket.io';
import { failoverLimits, leaseHistoryMessageSchema, leaseStatusMessageSchema } from '../../protocol/failover.ts';
import { leaseEvents } from '../../protocol/live.ts';
import type { FailoverEvents } from '../failover/failover-events.ts';
import type { FailoverKeeper } from '../failover/failover-keeper.ts';

export type LeaseIntake = {
  readonly failover: Pick<FailoverKeeper, 'heardStatus' | 'heardHistory'>;
  readonly events: Pick<FailoverEvents, 'reportRefused'>;
};

/** `nodeOf`: the node that said hello, the only one that is believed here. */
export function listenForLeases(socket: Socket, nodeOf: () => string | undefined, intake: LeaseIntake): void {
  const { failover, events } = intake;

  socket.on(leaseEvents.status, (payload: unknown) => {
    if (JSON.stringify(payload)?.length > failoverLimits.statusBytesMax) return events.reportRefused('too-large');
    const message = leaseStatusMessageSchema.safeParse(payload);
    if (!message.success) return events.reportRefused('not-understood');
    if (message.data.node !== nodeOf()) return events.reportRefused('wrong-node');
    failover.heardStatus(message.data);
  });

  socket.on(leaseEvents.history, (payload: unknown, acknowledge: unknown) => {
    const reply = (isTaken: boolean) => {
      if (typeof acknowledge === 'function') acknowledge(isTaken);
    };
    const message = leaseHistoryMessageSchema.safeParse(payload);
    const reason = !message.success ? 'not-understood' : message.data.node !== nodeOf() ? 'wrong-node' : undefined;
    if (!message.success || reason !== undefined) {
      events.reportRefused(reason ?? 'not-understood');
      // It would only be said again.
      reply(true);
      return;
    }
    failover.heardHistory(message.data).then(
      () => reply(true),
      (error: unknown) => {
        events.reportRefused('not-kept', error);
        reply(false);
      },
    );
  });
}

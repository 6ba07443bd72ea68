import { Counter, Gauge, type Registry } from 'prom-client';
import type { Logger } from '../../runtime/log.ts';

export type IdentityEvents = ReturnType<typeof createIdentityEvents>;

/** What happens to the node's certificate, in the agent's log and metrics. */
export function createIdentityEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const registers = [registry];
  const endsAtSeconds = new Gauge({
    name: 'mailward_agent_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of this node is over',
    registers,
  });
  const renewals = new Counter({
    name: 'mailward_agent_certificate_renewals_total',
    help: 'Renewals of the certificate of this node, by result',
    labelNames: ['result'],
    registers,
  });
  return {
    looked(endsAt: number): void {
      endsAtSeconds.set(endsAt / 1000);
    },
    renewed(endsAt: number): void {
      renewals.inc({ result: 'renewed' });
      log.info({ endsAt: new Date(endsAt).toISOString() }, 'the certificate of this node is renewed');
    },
    renewalFailed(error: unknown, leftMs: number, waitMs: number): void {
      renewals.inc({ result: 'failed' });
      const about = { err: error, leftMs: Math.round(leftMs), waitMs: Math.round(waitMs) };
      if (leftMs > 0) log.warn(about, 'the certificate of this node was not renewed; it is tried again');
      else log.error(about, 'the certificate of this node is over; it must join anew with `mailward join`');
    },
    joinedAnew(isTaken: boolean): void {
      if (isTaken) log.info('the node has joined anew; the new certificate is used from now on');
      else log.error('the node has joined another control, or under another name; restart the agent to go on as that');
    },
  };
}

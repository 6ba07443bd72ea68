// One function per event of the lease process that a log should tell. Keys and addresses of mail are never in it.
import type { LeaseHistoryEntry } from '../protocol/lease-status.ts';
import type { Logger } from '../runtime/log.ts';

export type LeaseEvents = ReturnType<typeof createLeaseEvents>;

export function createLeaseEvents(deps: { readonly log: Logger }) {
  const { log } = deps;
  return {
    started(group: string, mode: string, coldStartMs: number, healMs: number): void {
      log.info(
        { group, mode, coldStartMs, healMs },
        'the group runs; all voters restarting find an owner within coldStartMs',
      );
    },
    decided(group: string, entry: LeaseHistoryEntry): void {
      const { region, event, role, vote, epoch, sentence } = entry;
      log.info({ group, region, event, role, vote, epoch }, sentence);
    },
    alarmed(group: string, about: string, sentence: string): void {
      log.error({ group, about }, sentence);
    },
    stateTorn(group: string): void {
      log.error(
        { group },
        'the state file of the voter is torn; it is kept aside, and the voter is silent until it has learnt',
      );
    },
    stateFault(group: string, error: unknown): void {
      log.error({ group, err: error }, 'the state of the voter cannot be written; it is tried again');
    },
    socketFault(error: unknown): void {
      log.warn({ err: error }, 'a datagram could not be sent or received');
    },
    guardFault(group: string, what: string, error?: unknown): void {
      log.warn({ group, err: error }, what);
    },
    serviceChanged(group: string, service: string, isUp: boolean, why: string): void {
      log.warn({ group, service, isUp }, why);
    },
    voterSetDiffers(group: string, configured: readonly number[], durable: readonly number[]): void {
      log.warn(
        { group, configured, durable },
        'the voters of the file are not those of the group; the group goes on, change it with `mailward failover voters`',
      );
    },
  };
}

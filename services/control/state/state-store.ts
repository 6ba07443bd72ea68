// What control must know again after a restart, beside lines and samples: what lease groups did, what was last heard of them, and
// who did what. Small rows, few of them.
import type { HeardWord } from '../../fleet/failover.ts';
import type { AuditRecord, LeaseHistoryMessage, ToldEntry } from '../../protocol/failover.ts';
import type { Removal, StoreRemovals } from '../../protocol/retention.ts';

export const stateStoreLimits = {
  /** Entries of all groups; above it those that came first go before their time. A group that moves each minute fills it in months. */
  entriesMax: 500_000,
  /** Calls that wait for the thread. */
  waitingMax: 200,
} as const;

/** What is older is removed. */
export type StatePolicy = { readonly failoverBefore: number; readonly auditBefore: number };
export type EntryRange = {
  /** The group's incarnation. */
  readonly id: string;
  readonly before?: number | undefined;
  readonly limit: number;
};

export type StateStore = {
  /** What each node said last, as it was kept. */
  readonly readWords: () => Promise<readonly HeardWord[]>;
  /** Replaces what was kept of a node; none forgets it. */
  readonly keepWords: (node: string, words: readonly HeardWord[]) => Promise<void>;
  /** Durable when it resolves; what is kept already is not kept twice. */
  readonly addEntries: (message: LeaseHistoryMessage) => Promise<void>;
  /** The newest first. */
  readonly readEntries: (range: EntryRange) => Promise<readonly ToldEntry[]>;
  /** Durable when it resolves; a record of the same id is replaced. */
  readonly writeAudit: (record: AuditRecord) => Promise<void>;
  /** The newest first. */
  readonly readAudit: (range: {
    readonly before?: number | undefined;
    readonly limit: number;
  }) => Promise<readonly AuditRecord[]>;
  readonly applyRetention: (policy: StatePolicy, now: number) => Promise<readonly Removal[]>;
  readonly readRemovals: () => Promise<StoreRemovals>;
  readonly stop: () => Promise<void>;
};

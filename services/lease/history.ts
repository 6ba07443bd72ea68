// What the machine decided and why: a bounded ring of changes, and for each row how often and when it was last taken.
import type { Row } from '../failover/lease/events.ts';
import type { LeaseState } from '../failover/lease/state.ts';
import type { LeaseHistoryEntry, LeaseReason } from '../protocol/lease-status.ts';

export const historyMax = 1000;

/** The guard arms and fires with every renewal; only its closings are history. */
const isChange = (row: Row, before: LeaseState, after: LeaseState): boolean =>
  row.region === 'guard'
    ? row.to === 'closing'
    : (row.region === 'role' && before.role !== after.role) || (row.region === 'vote' && before.vote !== after.vote);

export type LeaseHistory = {
  readonly note: (rows: readonly Row[], event: string, before: LeaseState, after: LeaseState) => void;
  /** A sentence that is no row's: an alarm, a fault of the shell. */
  readonly say: (sentence: string, state: LeaseState | undefined) => void;
  /** Those after the number given, the oldest first. */
  readonly entries: (after?: number) => readonly LeaseHistoryEntry[];
  /** The number of the newest entry, and how often an epoch was won. */
  readonly counts: () => { readonly historyNumber: number; readonly movesSeen: number };
  /** Hears every entry from now on, as it is made. */
  readonly follow: (listen: (entry: LeaseHistoryEntry) => void) => void;
  /** The rows taken lately, newest first. */
  readonly reasons: () => readonly LeaseReason[];
};

export function createLeaseHistory(deps: {
  readonly now: () => number;
  readonly onEntry: (entry: LeaseHistoryEntry) => void;
}): LeaseHistory {
  const ring: LeaseHistoryEntry[] = [];
  const takenByRow = new Map<string, LeaseReason>();
  const listeners: ((entry: LeaseHistoryEntry) => void)[] = [];
  let historyNumber = 0;
  let movesSeen = 0;
  function add(told: Omit<LeaseHistoryEntry, 'number'>): void {
    historyNumber += 1;
    const entry = { number: historyNumber, ...told };
    ring.push(entry);
    if (ring.length > historyMax) ring.shift();
    deps.onEntry(entry);
    for (const listen of listeners) listen(entry);
  }
  return {
    note: (rows, event, before, after) => {
      const time = deps.now();
      if (after.wonEpoch > before.wonEpoch) movesSeen += 1;
      for (const row of rows) {
        const { region, sentence } = row;
        takenByRow.set(row.id, { time, region, event, sentence, count: (takenByRow.get(row.id)?.count ?? 0) + 1 });
        if (isChange(row, before, after))
          add({ time, region, event, sentence, role: after.role, vote: after.vote, epoch: after.epoch });
      }
    },
    say: (sentence, state) =>
      add({
        ...{ time: deps.now(), region: 'process', event: 'note', sentence },
        ...{ role: state?.role ?? 'starting', vote: state?.vote ?? 'mute', epoch: state?.epoch ?? 0 },
      }),
    entries: (after = 0) => ring.filter((entry) => entry.number > after),
    follow: (listen) => void listeners.push(listen),
    counts: () => ({ historyNumber, movesSeen }),
    reasons: () => [...takenByRow.values()].sort((a, b) => b.time - a.time),
  };
}

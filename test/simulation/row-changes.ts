// Changes to the table that mutants make.
import { earnedDeadline } from '../../services/failover/lease/candidate.ts';
import type { Context, Row } from '../../services/failover/lease/events.ts';
import type { Draft } from '../../services/failover/lease/state.ts';

/** The table without one row. */
export function without(rows: readonly Row[], id: string): readonly Row[] {
  const rest = rows.filter((row) => row.id !== id);
  if (rest.length === rows.length) throw new Error(`no row ${id}`);
  return rest;
}

/** A candidate that takes a majority of promises for the lease. */
export function prepareIsWon(rows: readonly Row[]): readonly Row[] {
  const win = rows.find((row) => row.id === 'role proposing proposeAnswer isWon');
  return rows.map((row) => {
    if (row.id !== 'role preparing prepareAnswer isMajorityForIt' || win === undefined) return row;
    const takePromises = (draft: Draft, _event: object, context: Context): void => {
      draft.peers = draft.peers.map((peer) => ({ ...peer, answeredAt: context.now }));
      draft.deadline = earnedDeadline(draft, context);
    };
    return { ...row, to: 'holding', effects: [takePromises, ...win.effects] };
  });
}

// The voter set and the terms: one step at a time, made by the holder, once all have answered under the present one.
// lease.md rule 6.
import { leaseLimits } from '../../protocol/lease.ts';
import { peerOf } from './contact.ts';
import type { Context, EventOf } from './events.ts';
import type { Draft } from './state.ts';
import { promiseMsOf } from './terms.ts';

/**
 * One voter more or less, once every voter of the present set has granted this epoch under it, and while a majority of the new
 * set answers: a voter that is added is silent for M, which is longer than the lease that the others must keep up meanwhile.
 * From an odd set a voter may be removed that does not answer: any two sets one step from an odd one still share a voter in
 * every two quorums.
 */
export function mayChangeVoters(draft: Draft, event: EventOf<'changeVoters'>, context: Context): boolean {
  const { voters } = draft.set;
  const added = event.voters.filter((voter) => !voters.includes(voter)).length;
  const kept = voters.filter((voter) => event.voters.includes(voter));
  if (added + voters.length - kept.length !== 1 || !kept.includes(draft.self)) return false;
  if (event.voters.length > leaseLimits.votersMax) return false;
  // Adverts go out each A: who did not answer the last of them may have fallen silent.
  const since = context.now - context.policy.advertMs - promiseMsOf(context.policy);
  const answering = kept.filter((voter) => peerOf(draft, voter).answeredAt >= since).length;
  if (!context.rules.mayCarryOn(answering, event.voters.length)) return false;
  return isSettled(draft, voters.length % 2 === 1 ? kept : voters, context);
}
function isSettled(draft: Draft, needed: readonly number[], context: Context): boolean {
  const answered = needed.filter((voter) => peerOf(draft, voter).answeredAt > 0).length;
  return draft.nextSet === undefined && context.rules.mayChangeAgain(answered, needed.length);
}
const isSetSettled = (draft: Draft, context: Context): boolean => isSettled(draft, draft.set.voters, context);
export const mayRaiseTerm = (draft: Draft, event: EventOf<'retime'>, context: Context): boolean =>
  isSetSettled(draft, context) &&
  event.leaseMs > draft.set.leaseMs &&
  context.rules.isTermKnown(event.leaseMs, draft.set.leaseMsMax);
export const mayRaiseLargestTerm = (draft: Draft, event: EventOf<'retime'>, context: Context): boolean =>
  isSetSettled(draft, context) && event.leaseMs > draft.set.leaseMsMax;

export function changeVoters(draft: Draft, event: EventOf<'changeVoters'>, context: Context): void {
  makeSet(draft, { voters: [...event.voters].sort((a, b) => a - b) }, context);
}
export function raiseTerm(draft: Draft, event: EventOf<'retime'>, context: Context): void {
  makeSet(draft, { leaseMs: event.leaseMs }, context);
}
export function raiseLargestTerm(draft: Draft, event: EventOf<'retime'>, context: Context): void {
  makeSet(draft, { leaseMsMax: event.leaseMs }, context);
}
function makeSet(draft: Draft, change: Partial<Draft['set']>, context: Context): void {
  draft.nextSet = { ...draft.set, ...change, version: draft.set.version + 1, epoch: draft.epoch };
  context.effects.push({ kind: 'persist' });
}

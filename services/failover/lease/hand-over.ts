// Giving the lease to another: to the fittest, to whoever asks long enough, or as told; and the resignation itself.
// lease.md rules 4, 12, 13.
import type { LeaseAnswer, LeaseRequest } from '../../protocol/lease.ts';
import { movesOf } from './candidate.ts';
import { isEligible, peerOf, rank, requestOf } from './contact.ts';
import type { Context, EventOf } from './events.ts';
import { closeGuard } from './guard.ts';
import type { Draft, LeaseState } from './state.ts';
import { resignationsSent, retryMsOf } from './terms.ts';

/** A better member has asked for the whole preempt delay, and the damping budget allows one more move. */
export function mayBePreempted(draft: Draft, answer: LeaseAnswer, context: Context): boolean {
  if (!answer.asks || !context.policy.preempts || !context.isCounted || !isEligible(draft, context)) return false;
  if (context.now - askedSince(draft, answer, context) < context.policy.preemptDelayMs) return false;
  const movesLeft = context.policy.movesBudget - movesOf(draft, context).length;
  return context.rules.mayPreempt(answer.priority > draft.priority && answer.isEligible, movesLeft);
}
function askedSince(draft: Draft, answer: LeaseAnswer, context: Context): number {
  const isSame = draft.askedBy === answer.from && context.now - draft.askedAt <= 2 * context.policy.advertMs;
  return isSame ? draft.askedSince : context.now;
}
export function isUnfitAndAnotherFit(draft: Draft, answer: LeaseAnswer, context: Context): boolean {
  if (!context.isCounted || isFit(draft) || !context.rules.mayAnswerHardFailure(answer.isEligible)) return false;
  const best = fittest(draft, context);
  const isBetterAwaited =
    best !== 0 && best !== answer.from && context.now - draft.roundStartedAt < retryMsOf(context.policy);
  return !isBetterAwaited;
}
/** What a holder is judged by: what it has it may keep where nobody else is fit, quarantined or not. */
export const isFit = (member: Pick<LeaseState, 'isHealthy' | 'mayAct'>): boolean => member.isHealthy && member.mayAct;
export const breaks = (_draft: Draft, event: EventOf<'health'>): boolean => !isFit(event);

/** Nobody named, or one that says that it is fit; heard within twice what `fittest` asks, so that its choice is never refused. */
export function mayBeHeir(draft: Draft, { heir }: EventOf<'handOver'>, { now, policy }: Context): boolean {
  const peer = peerOf(draft, heir);
  return heir === 0 || (peer.isEligible && peer.heardAt >= now - 4 * policy.advertMs);
}

/** The best member that advertises itself fit and was heard lately; 0 when there is none. */
export function fittest(state: LeaseState, { now, policy }: Pick<Context, 'now' | 'policy'>): number {
  const since = now - 2 * policy.advertMs;
  let best = 0;
  for (const voter of state.set.voters) {
    const peer = peerOf(state, voter);
    if (voter === state.self || !peer.isEligible || peer.heardAt < since) continue;
    if (best === 0 || peer.priority > peerOf(state, best).priority) best = voter;
  }
  return best;
}

export function noteAsk(draft: Draft, answer: LeaseAnswer, context: Context): void {
  if (!answer.asks) return;
  draft.askedSince = askedSince(draft, answer, context);
  draft.askedBy = answer.from;
  draft.askedAt = context.now;
}
/** Who held was the source of the data: what it has is what others are judged by. */
export function leadsNoMore(draft: Draft): void {
  if (draft.position !== null) draft.holderPosition = draft.position;
}

export function takeHealth(draft: Draft, event: EventOf<'health'>, context: Context): void {
  draft.priority = event.priority;
  draft.isHealthy = event.isHealthy;
  draft.mayAct = event.mayAct;
  draft.position = event.position;
  draft.isLinkUp = event.isLinkUp;
  draft.pollDueAt = context.now;
  if (draft.epoch !== 0) rank(draft, context);
}
/** What was heard before may be over: a failure that all members share must leave the address where it is. */
export function askWhoIsFit(draft: Draft, event: EventOf<'health'>, context: Context): void {
  takeHealth(draft, event, context);
  draft.asksWhoIsFitUntil = context.now + 2 * context.policy.advertMs;
  draft.advertDueAt = context.now;
  context.dispatch(draft, { kind: 'renewDue' }, context, 'role');
}
export function handOverToAnswerer(draft: Draft, answer: LeaseAnswer, context: Context): void {
  startResigning(draft, answer.from, context);
}
export function handOverAsTold(draft: Draft, event: EventOf<'handOver'>, context: Context): void {
  startResigning(draft, event.heir, context);
}
function startResigning(draft: Draft, heir: number, context: Context): void {
  draft.heir = heir;
  closeGuard(draft);
  if (!context.rules.resignsAfterClose()) context.dispatch(draft, { kind: 'closed' }, context, 'role');
}

/** The guard is closed: nothing can answer under this epoch any more, so it may be said. */
export function resign(draft: Draft, _event: object, context: Context): void {
  draft.resigning = draft.epoch;
  leadsNoMore(draft);
  draft.contendNotBefore = context.now + context.rules.waitsAfterResigning(context.policy.advertMs);
  draft.contendFrom = draft.contendNotBefore;
  draft.resignationsLeft = resignationsSent;
  draft.epoch = 0;
  draft.deadline = 0;
  context.effects.push({ kind: 'run' });
  resignAgain(draft, _event, context);
}
export function resignAgain(draft: Draft, _event: object, context: Context): void {
  draft.resignationsLeft -= 1;
  draft.resignDueAt = context.now + retryMsOf(context.policy);
  const request: LeaseRequest = requestOf(draft, context, 'resign', draft.resigning);
  context.dispatch(draft, request, context, 'vote');
  context.effects.push({ kind: 'send', to: 0, datagram: request });
}

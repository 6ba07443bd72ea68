// The lease machine: one pure synchronous function from state and input to state, effects, reasons and the next wake-up.
import type { LeaseDatagram } from '../../protocol/lease.ts';
import { contendAt } from './candidate.ts';
import { countAnswer, receive } from './contact.ts';
import type { Context, Effect, LeaseEvent, Region, Row, ShellEvent } from './events.ts';
import { mustOpen } from './guard.ts';
import type { LeaseRules } from './rules.ts';
import { leaseRules } from './rules.ts';
import type { Draft, GuardState, LeaseState, Role, VoteState } from './state.ts';
import type { Table } from './table.ts';
import { indexRows, leaseRows } from './table.ts';
import type { LeasePolicy } from './terms.ts';

export type LeaseInput = {
  readonly events: readonly (ShellEvent | LeaseDatagram)[];
  /** Monotonic ms, read after the datagram was received: one datagram, one reading. */
  readonly now: number;
  /** Like `now`, but counting suspended time (/proc/uptime). */
  readonly bootMs: number;
  /** Wall clock; only a hint for ballots. */
  readonly unixMs: number;
  readonly policy: LeasePolicy;
};
export type LeaseDecision = {
  readonly state: LeaseState;
  readonly effects: readonly Effect[];
  /** The rows taken, in order; each carries its sentence. */
  readonly reasons: readonly Row[];
  /** On the monotonic clock; a `timer` event is expected then. */
  readonly wakeAt: number;
};
export type Decide = (state: LeaseState, input: LeaseInput) => LeaseDecision;

/** The machine over a table and rules; the simulation takes rules and rows away to see that it notices. */
export function createDecide(rules: LeaseRules, rows: readonly Row[]): Decide {
  const table = indexRows(rows);
  const dispatch = dispatchOver(table);
  return (state, input) => {
    const { now, unixMs, policy } = input;
    const context: Context = {
      now,
      unixMs,
      policy,
      rules,
      effects: [],
      reasons: [],
      dispatch,
      isCounted: false,
      ownAnswer: undefined,
    };
    const draft: Draft = { ...state };
    checkSuspend(draft, input.bootMs - now, context);
    for (const event of input.events) {
      const isHeld = draft.role === 'holding' || draft.role === 'resigning';
      if (isHeld && rules.isOver(draft.deadline, now)) dispatch(draft, { kind: 'deadline' }, context);
      take(draft, event, context);
      if (draft.guard === 'idle' && (draft.mustClose || mustOpen(draft, context)))
        dispatch(draft, { kind: 'guardDue' }, context);
    }
    return { state: draft, effects: context.effects, reasons: context.reasons, wakeAt: wakeAt(draft, context) };
  };
}

/** The machine as it is in production. */
export const decide: Decide = createDecide(leaseRules, leaseRows);

function dispatchOver(table: Table) {
  return (draft: Draft, event: LeaseEvent, context: Context, only?: Region): void => {
    const regions = table.get(event.kind);
    if (regions === undefined) return;
    for (const { region, rowsByState } of regions) {
      if (only !== undefined && only !== region) continue;
      const rows = rowsByState[draft[region]];
      if (rows === undefined) continue;
      for (const row of rows) {
        if (!row.guard(draft, event, context)) continue;
        takeRow(row, draft, event, context);
        break;
      }
    }
  };
}

function takeRow(row: Row, draft: Draft, event: LeaseEvent, context: Context): void {
  context.reasons.push(row);
  if (row.to !== 'same') moveTo(row, draft);
  for (const effect of row.effects) effect(draft, event, context);
}

/** `rest` is where a candidate goes that failed: out, or back to the unconfirmed address it still keeps. */
function moveTo(row: Row, draft: Draft): void {
  const to = row.to === 'rest' ? (draft.staticEpoch === 0 ? 'out' : 'unconfirmed') : row.to;
  // `rowsOf` has checked that a row leads to a state of its own region.
  if (row.region === 'vote') draft.vote = to as VoteState;
  else if (row.region === 'role') draft.role = to as Role;
  else draft.guard = to as GuardState;
}

function take(draft: Draft, event: ShellEvent | LeaseDatagram, context: Context): void {
  if (event.kind === 'timer') {
    runTimers(draft, context);
    return;
  }
  if ('from' in event) {
    if (draft.role === 'starting' || !receive(draft, event, context)) return;
    if ('echoSeq' in event) context.isCounted = countAnswer(draft, event, context);
  }
  context.dispatch(draft, event, context);
}

/** A machine that slept has a monotonic clock that stood still while leases ran on elsewhere. */
function checkSuspend(draft: Draft, suspendedMs: number, context: Context): void {
  const gapMs = suspendedMs - (draft.suspendedMs ?? suspendedMs);
  draft.suspendedMs = suspendedMs;
  if (context.rules.seesSuspend(gapMs, context.policy.advertMs / 8))
    context.dispatch(draft, { kind: 'suspended' }, context);
}

function runTimers(draft: Draft, context: Context): void {
  const { now, dispatch } = context;
  if (draft.role === 'starting') return;
  if (now >= draft.ceilingDueAt) dispatch(draft, { kind: 'ceilingDue' }, context);
  if (draft.vote === 'mute' && now >= draft.mutedUntil) dispatch(draft, { kind: 'muteEnds' }, context);
  if (draft.vote === 'silenced' && now >= draft.advertDueAt) dispatch(draft, { kind: 'helloDue' }, context);
  if (draft.vote === 'learning' && now >= draft.pollDueAt) dispatch(draft, { kind: 'learnDue' }, context);
  if (isAsking(draft) && now >= draft.roundEndsAt) dispatch(draft, { kind: 'roundEnds' }, context);
  if (draft.role === 'holding' && now >= draft.renewDueAt) dispatch(draft, { kind: 'renewDue' }, context);
  if (draft.resignationsLeft > 0 && now >= draft.resignDueAt) dispatch(draft, { kind: 'resignDue' }, context);
  if (draft.staticEpoch !== 0 && now >= draft.staticUntil) dispatch(draft, { kind: 'staticDue' }, context);
  if (isWaiting(draft) && now >= contendAt(draft, context)) dispatch(draft, { kind: 'contendDue' }, context);
}

const isAsking = (draft: Draft): boolean =>
  draft.role === 'polling' || draft.role === 'preparing' || draft.role === 'proposing';
const isWaiting = (draft: Draft): boolean => draft.role === 'out' || draft.role === 'unconfirmed';

function wakeAt(draft: Draft, context: Context): number {
  if (draft.role === 'starting') return context.now + context.policy.advertMs;
  let at = draft.ceilingDueAt;
  if (draft.vote === 'mute') at = Math.min(at, draft.mutedUntil);
  else if (draft.vote === 'learning') at = Math.min(at, draft.pollDueAt);
  else if (draft.vote === 'silenced') at = draft.advertDueAt;
  if (draft.role === 'holding') at = Math.min(at, draft.renewDueAt, draft.deadline);
  else if (draft.role === 'resigning') at = Math.min(at, draft.deadline);
  else if (isAsking(draft)) at = Math.min(at, draft.roundEndsAt);
  else if (isWaiting(draft)) at = Math.min(at, contendAt(draft, context));
  if (draft.resignationsLeft > 0) at = Math.min(at, draft.resignDueAt);
  if (draft.staticEpoch !== 0) at = Math.min(at, draft.staticUntil);
  return at;
}

// The guard of the group's addresses: one line to the kernel at a time, each acknowledged. lease.md rule 3.
import type { Context, Row } from './events.ts';
import { always, rowsOf } from './events.ts';
import type { Draft, GuardState, LeaseState } from './state.ts';

const row = rowsOf<GuardState>('guard');
type Acknowledgement = { readonly key: number; readonly isDone: boolean };

/** Closed as soon as the line under way is acknowledged; nothing opens in between. */
export function closeGuard(draft: Draft): void {
  draft.mustClose = true;
  draft.openUntil = 0;
}

/** Whether the element in the kernel should live longer than it was last told to. */
export function mustOpen(state: LeaseState, context: Context): boolean {
  if (state.role !== 'holding' && state.staticEpoch === 0) return false;
  return state.openUntil > state.writeUntil && state.openUntil - context.now > context.policy.armMs;
}

const mustCloseNow = (draft: Draft): boolean => draft.mustClose;
const mustOpenNow = (draft: Draft, _event: object, context: Context): boolean => mustOpen(draft, context);
const mayFire = (draft: Draft, event: Acknowledgement, context: Context): boolean =>
  event.isDone && !draft.mustClose && mustOpen(draft, context);
const isDone = (_draft: Draft, event: Acknowledgement): boolean => event.isDone;
const isHolder = (draft: Draft): boolean => draft.role === 'holding' || draft.staticEpoch !== 0;

function close(draft: Draft, _event: object, context: Context): void {
  draft.writeUntil = 0;
  context.effects.push({ kind: 'close' });
}
function arm(draft: Draft, _event: object, context: Context): void {
  draft.writes += 1;
  draft.writeKey = context.rules.armKey(draft.nonce, draft.writes);
  draft.writeDecidedAt = context.now;
  context.effects.push({ kind: 'arm', key: draft.writeKey, forMs: context.rules.armForMs(context.policy.armMs) });
}
function fire(draft: Draft, _event: object, context: Context): void {
  draft.writeUntil = draft.openUntil;
  context.effects.push({
    kind: 'fire',
    key: draft.writeKey,
    epoch: draft.epoch === 0 ? draft.staticEpoch : draft.epoch,
    deadline: draft.openUntil,
    decidedAt: draft.writeDecidedAt,
  });
}
function noteOpen(draft: Draft, _event: object, context: Context): void {
  const epoch = draft.epoch === 0 ? draft.staticEpoch : draft.epoch;
  if (epoch === 0 || draft.mustClose) return;
  context.effects.push({ kind: 'assert', epoch, deadline: draft.writeUntil });
  if (draft.announced === epoch) return;
  draft.announced = epoch;
  context.effects.push({ kind: 'announce', epoch });
}
function forgetWrite(draft: Draft): void {
  draft.writeUntil = 0;
}
function noteClosed(draft: Draft): void {
  draft.mustClose = false;
  draft.writeUntil = 0;
  draft.announced = 0;
}
function withdraw(_draft: Draft, _event: object, context: Context): void {
  context.effects.push({ kind: 'withdraw' });
}

export const guardRows: readonly Row[] = [
  row(
    'idle',
    'guardDue',
    mustCloseNow,
    'closing',
    [close],
    'The guard is being closed: lease elements and every arm go in one transaction.',
  ),
  row(
    'idle',
    'guardDue',
    mustOpenNow,
    'arming',
    [arm],
    'A write to open the guard is armed; the kernel will refuse it if it waits too long.',
  ),
  row('arming', 'armed', mayFire, 'firing', [fire], 'Armed in time: the guard opens until the deadline.'),
  row('arming', 'armed', always, 'idle', [], 'Armed, but there is nothing to open any more.'),
  row('firing', 'fired', isDone, 'idle', [noteOpen], 'The guard is open until the deadline.'),
  row(
    'firing',
    'fired',
    always,
    'idle',
    [forgetWrite],
    'The kernel refused a line that had waited too long; it is armed anew.',
  ),
  row(
    'closing',
    'closed',
    isHolder,
    'idle',
    [noteClosed],
    'The guard is closed as at boot, and opens again for its holder.',
  ),
  row('closing', 'closed', always, 'idle', [noteClosed, withdraw], 'The guard is closed; the addresses are taken off.'),
];

// The holder: renews, answers for its epoch, and gives it up in every way there is. lease.md rules 1–5, 11, 13.
import type { LeaseAnswer, LeaseRequest } from '../../protocol/lease.ts';
import { earnedDeadline, leaveStatic, movesOf, noteHolder, rememberRound } from './candidate.ts';
import { ask, rank, requestOf } from './contact.ts';
import type { Context, EventOf, Row } from './events.ts';
import { always, rowsOf } from './events.ts';
import { closeGuard } from './guard.ts';
import {
  askWhoIsFit,
  breaks,
  fittest,
  handOverAsTold,
  handOverToAnswerer,
  isFit,
  isUnfitAndAnotherFit,
  leadsNoMore,
  mayBeHeir,
  mayBePreempted,
  noteAsk,
  resign,
  resignAgain,
  takeHealth,
} from './hand-over.ts';
import type { Draft, Role } from './state.ts';
import { retryMsOf } from './terms.ts';
import {
  changeVoters,
  mayChangeVoters,
  mayRaiseLargestTerm,
  mayRaiseTerm,
  raiseLargestTerm,
  raiseTerm,
} from './voter-set.ts';

const row = rowsOf<Role>('role');
const anyMember: readonly Role[] = ['out', 'polling', 'preparing', 'proposing', 'holding', 'resigning', 'unconfirmed'];
const notHolding: readonly Role[] = ['out', 'polling', 'preparing', 'proposing', 'resigning', 'unconfirmed'];
const contending: readonly Role[] = ['polling', 'preparing', 'proposing'];

const isStillHolder = (draft: Draft, _event: object, context: Context): boolean =>
  draft.epoch !== 0 && !context.rules.isOver(draft.deadline, context.now);
const isStray = (_draft: Draft, _event: object, context: Context): boolean => !context.isCounted;
const isExtended = (draft: Draft, _event: object, context: Context): boolean =>
  earnedDeadline(draft, context) > draft.deadline;
const staysStatic = (draft: Draft, _event: object, context: Context): boolean =>
  context.policy.noMajority === 'fail-static' && context.rules.mayStayStatic(draft.wasRefused, draft.isLinkUp);
const isLaterEpoch = (draft: Draft, request: LeaseRequest): boolean =>
  request.ballot > Math.max(draft.epoch, draft.staticEpoch);
const hasLostLink = (draft: Draft, event: EventOf<'health'>, context: Context): boolean =>
  draft.staticEpoch !== 0 && context.rules.leavesStatic(event.isLinkUp);

function closeAtStart(draft: Draft, _event: object, context: Context): void {
  if (context.rules.closesAtStart()) closeGuard(draft);
  else context.dispatch(draft, { kind: 'closed' }, context, 'role');
}
function resume(draft: Draft, _event: object, context: Context): void {
  draft.ballot = draft.epoch;
  draft.openUntil = draft.deadline;
  draft.wonEpoch = Math.max(draft.wonEpoch, draft.epoch);
  draft.advertDueAt = context.now;
  draft.renewDueAt = context.now;
  rank(draft, context);
  context.effects.push({ kind: 'run' }, { kind: 'assert', epoch: draft.epoch, deadline: draft.deadline });
}
function forgetLease(draft: Draft): void {
  draft.epoch = 0;
  draft.deadline = 0;
}
function startOut(draft: Draft, _event: object, context: Context): void {
  draft.epoch = 0;
  context.effects.push({ kind: 'run' });
}

function renew(draft: Draft, _event: object, context: Context): void {
  const { now, policy, rules } = context;
  if (now >= draft.advertDueAt) {
    draft.advertDueAt = now + policy.advertMs;
    draft.roundStartedAt = now;
    draft.moves = movesOf(draft, context);
    draft.movesAt = now;
  }
  const request = requestOf(draft, context, 'renew', draft.epoch);
  rememberRound(draft, request);
  draft.renewDueAt = Math.min(draft.advertDueAt, now + rules.retryAfterMs(retryMsOf(policy), policy.advertMs));
  ask(draft, context, request);
}

function extend(draft: Draft, _answer: LeaseAnswer, context: Context): void {
  draft.deadline = earnedDeadline(draft, context);
  draft.openUntil = draft.deadline;
  draft.wasRefused = false;
  // One that became unfit asks on while another seems fit, so that it need not wait for the fittest alone; who has said nothing to
  // that for 2·A may hear nothing, and is asked with each advert.
  const asksOn = !isFit(draft) && context.now < draft.asksWhoIsFitUntil && fittest(draft, context) !== 0;
  if (!asksOn && context.rules.newestOfQuorum(draft.peers) >= draft.roundStartedAt)
    draft.renewDueAt = draft.advertDueAt;
  context.effects.push({ kind: 'run' });
}

function enterStatic(draft: Draft, _event: object, context: Context): void {
  draft.staticEpoch = draft.epoch;
  draft.epoch = 0;
  draft.contendFrom = context.now;
  context.effects.push({ kind: 'run' });
  refreshStatic(draft, _event, context);
}
function refreshStatic(draft: Draft, _event: object, context: Context): void {
  draft.staticUntil = context.now + context.policy.advertMs;
  draft.openUntil = context.now + 2 * context.policy.advertMs;
}

function lose(draft: Draft, _event: object, context: Context): void {
  draft.epoch = 0;
  draft.deadline = 0;
  draft.staticEpoch = 0;
  leadsNoMore(draft);
  draft.contendFrom = Math.max(context.now, draft.acceptedBy === draft.self ? 0 : draft.acceptedUntil);
  closeGuard(draft);
  context.effects.push({ kind: 'run' });
}

function reinstall(draft: Draft, _event: object, context: Context): void {
  context.effects.push({ kind: 'alarm', about: 'guard-lost' });
  draft.mustClose = true;
}
function withdrawAndReinstall(draft: Draft, event: object, context: Context): void {
  context.effects.push({ kind: 'withdraw' });
  reinstall(draft, event, context);
}

function takeQuarantine(draft: Draft, event: EventOf<'quarantine'>, context: Context): void {
  draft.isQuarantined = event.isOn;
  draft.pollDueAt = context.now;
  context.effects.push({ kind: 'persist' });
}

export const holderRows: readonly Row[] = [
  row(
    'starting',
    'start',
    always,
    'same',
    [closeAtStart],
    'Starting: the guard is closed first, whatever an earlier process left behind.',
  ),
  row(
    'starting',
    'closed',
    isStillHolder,
    'holding',
    [resume],
    'The process came back within its lease and goes on under the same epoch.',
  ),
  row(
    'starting',
    'suspended',
    always,
    'same',
    [forgetLease],
    'This machine slept while no process ran: the lease that it had may have ended meanwhile.',
  ),
  row('starting', 'closed', always, 'out', [startOut], 'The guard is closed; it listens.'),
  row('holding', 'renewDue', always, 'same', [renew], 'The advert is due, or was not yet answered by a majority.'),
  row('holding', 'renewAnswer', isStray, 'same', [], 'An answer to another process, set or epoch: it revives nothing.'),
  row(
    'holding',
    'renewAnswer',
    isUnfitAndAnotherFit,
    'resigning',
    [handOverToAnswerer],
    'It is unfit, and a fit member answered: it hands over.',
  ),
  row(
    'holding',
    'renewAnswer',
    mayBePreempted,
    'resigning',
    [handOverToAnswerer],
    'A better member has asked for as long as the preempt delay: it hands over.',
  ),
  row(
    'holding',
    'renewAnswer',
    isExtended,
    'same',
    [noteAsk, extend],
    'A majority answered: the lease runs T_h from when it was asked.',
  ),
  row('holding', 'renewAnswer', always, 'same', [noteAsk], 'One answer more; the deadline stays.'),
  row(
    'holding',
    'deadline',
    staysStatic,
    'unconfirmed',
    [enterStatic],
    'No majority is heard and nobody refused: it keeps the address, unconfirmed (fail-static).',
  ),
  row(
    ['holding', 'resigning'],
    'deadline',
    always,
    'out',
    [lose],
    'The deadline has passed: it is out, and this epoch is never renewed again.',
  ),
  row('holding', 'renew', isLaterEpoch, 'out', [lose, noteHolder], 'Another member won a later epoch: it is out.'),
  row(['holding', 'resigning'], 'renew', always, 'same', [], 'An advert that does not concern a holder.'),
  row(
    'holding',
    'health',
    breaks,
    'same',
    [askWhoIsFit],
    'It is unfit: it asks, and hands over to a member that says that it is fit; with none it stays.',
  ),
  row(
    [...contending, 'unconfirmed'],
    'health',
    hasLostLink,
    'out',
    [takeHealth, leaveStatic],
    'The gateway is lost: it gives the unconfirmed address up.',
  ),
  row(
    [...anyMember, 'witness', 'starting'],
    'health',
    always,
    'same',
    [takeHealth],
    'Priority and fitness are noted; a running wait moves with them.',
  ),
  row('holding', 'handOver', mayBeHeir, 'resigning', [handOverAsTold], 'Told to hand over: the guard closes first.'),
  row(
    'holding',
    'handOver',
    always,
    'same',
    [],
    'Refused: the member named did not say lately that it is fit to hold.',
  ),
  row(notHolding, 'handOver', always, 'same', [], 'It does not hold, so there is nothing to hand over.'),
  row('resigning', 'closed', always, 'out', [resign], 'The guard is closed and the lease forgotten: it resigns.'),
  row(
    [...anyMember],
    'resignDue',
    always,
    'same',
    [resignAgain],
    'The resignation is said again, for those who missed it.',
  ),
  row('unconfirmed', 'staticDue', always, 'same', [refreshStatic], 'Still alone: the address stays, unconfirmed.'),
  row(
    contending,
    'staticDue',
    always,
    'same',
    [refreshStatic],
    'Asking again, and still alone: the address stays, unconfirmed.',
  ),
  row(
    'unconfirmed',
    'renew',
    isLaterEpoch,
    'out',
    [leaveStatic, noteHolder],
    'A later epoch was won elsewhere: it gives the unconfirmed address up.',
  ),
  row([...contending, 'unconfirmed'], 'renew', always, 'same', [], 'An advert of an epoch that is over.'),
  row(
    ['holding', 'resigning', 'unconfirmed'],
    'suspended',
    always,
    'out',
    [lose],
    'This machine slept: the lease may have ended meanwhile.',
  ),
  row(
    ['holding', 'resigning', 'unconfirmed'],
    'clockJumped',
    always,
    'out',
    [lose],
    'Two peers say that this clock stood still: the lease may have ended meanwhile.',
  ),
  row(
    ['holding', 'resigning', 'unconfirmed', ...contending],
    'cloned',
    always,
    'out',
    [lose],
    'Its own number was heard from another process: it gives up.',
  ),
  row(
    ['holding', 'unconfirmed'],
    'guardLost',
    always,
    'same',
    [reinstall],
    'The ruleset was taken away: closed rules are put back, then the guard opens again.',
  ),
  row(
    ['out', 'resigning', ...contending],
    'guardLost',
    always,
    'same',
    [withdrawAndReinstall],
    'The ruleset was taken away: the addresses go, and closed rules are put back.',
  ),
  row(
    'holding',
    'changeVoters',
    mayChangeVoters,
    'same',
    [changeVoters],
    'One voter more or less: the new set is made durable, then told.',
  ),
  row(
    'holding',
    'changeVoters',
    always,
    'same',
    [],
    'Refused: one voter at a time, once every voter has granted under the present set, and while a majority of the new one answers.',
  ),
  row(notHolding, 'changeVoters', always, 'same', [], 'Refused: only the holder changes the voter set.'),
  row(
    'holding',
    'retime',
    mayRaiseTerm,
    'same',
    [raiseTerm],
    'Every voter keeps silent long enough after a boot: the lease becomes longer.',
  ),
  row(
    'holding',
    'retime',
    mayRaiseLargestTerm,
    'same',
    [raiseLargestTerm],
    'First every voter learns to keep silent longer after a boot.',
  ),
  row(
    'holding',
    'retime',
    always,
    'same',
    [],
    'Refused: leases only grow, and only once every voter has granted under the present set.',
  ),
  row(notHolding, 'retime', always, 'same', [], 'Refused: only the holder changes the terms.'),
  row(
    [...anyMember, 'witness'],
    'quarantine',
    always,
    'same',
    [takeQuarantine],
    'Quarantine is durable: it does not contend until it is released.',
  ),
];

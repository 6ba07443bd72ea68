// The candidate: polls, prepares, proposes, wins; and whoever is out listens and waits its turn. lease.md rules 8–12.
import type { LeaseRequest } from '../../protocol/lease.ts';
import { leaseLimits } from '../../protocol/lease.ts';
import { ask, contacts, isEligible, mayHoldAtAll, rank, requestOf } from './contact.ts';
import type { Context, Row } from './events.ts';
import { always, rowsOf } from './events.ts';
import { closeGuard } from './guard.ts';
import type { Draft, LeaseState, Role } from './state.ts';
import { noRounds } from './state.ts';
import {
  ballotMs,
  ballotOf,
  promiseMsOf,
  proposalsSent,
  quorumOf,
  retryMsOf,
  roundsRemembered,
  skewMs,
} from './terms.ts';

const row = rowsOf<Role | 'rest'>('role');
const contending: readonly Role[] = ['polling', 'preparing', 'proposing'];

/** When this member may ask next: when the known lease ends, plus its skew. */
export function contendAt(state: LeaseState, context: Context): number {
  if (state.isHeir) return Math.max(state.contendNotBefore, state.contendFrom);
  const place = context.rules.rankSkew(rankOf(state));
  const granted = state.acceptedBy === state.self ? 0 : state.acceptedUntil;
  const from = context.rules.skewFrom(Math.max(state.contendFrom, granted), context.now);
  return Math.max(from + skewMs(context.policy, state.priority, place), state.contendNotBefore, state.pollDueAt);
}

/** How many fit members come before this one; the last holder does not count. */
function rankOf(state: LeaseState): number {
  if (state.ranking.length === 0) return state.set.voters.indexOf(state.self);
  let place = 0;
  for (const other of state.ranking) {
    if (!other.isEligible || other.voter === state.self || other.voter === state.acceptedBy) continue;
    if (other.priority > state.priority || (other.priority === state.priority && other.voter < state.self)) place += 1;
  }
  return place;
}

const quorum = (draft: Draft): number => quorumOf(draft.set.voters.length);
function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** Who was named heir said a moment ago that it is fit: if its services fail since, all may have failed, and the address stays with it. */
const mayContend = (draft: Draft, _event: object, context: Context): boolean =>
  draft.vote === 'voting' &&
  (draft.isHeir ? mayHoldAtAll(draft, context) : isEligible(draft, context)) &&
  draft.set.voters.includes(draft.self);
const isStray = (_draft: Draft, _event: object, context: Context): boolean => !context.isCounted;
const isMajorityForIt = (draft: Draft, _event: object, context: Context): boolean =>
  bits(draft.yes) >= quorum(draft) && context.rules.isInContact(contacts(draft, context), draft.set.voters.length);
const isWon = (draft: Draft, _event: object, context: Context): boolean =>
  bits(draft.yes) >= quorum(draft) && earnedDeadline(draft, context) > context.now;
const isRemoved = (draft: Draft): boolean => !draft.set.voters.includes(draft.self);
const isHopeless = (draft: Draft): boolean => bits(draft.no) > draft.set.voters.length - quorum(draft);
const hasProposalsLeft = (draft: Draft): boolean => draft.proposalsLeft > 0;
const namesThisHeir = (draft: Draft, request: LeaseRequest): boolean =>
  request.heir === draft.self && request.ballot >= draft.wonEpoch;
const isNews = (draft: Draft, request: LeaseRequest): boolean =>
  request.ballot >= draft.wonEpoch && request.ballot >= draft.carried;
const isHolderNews = (draft: Draft, request: LeaseRequest): boolean =>
  request.ballot >= draft.wonEpoch && request.ballot > draft.resigned;

/** What the answers counted so far are worth: the quorum-th newest send time, plus T_h. */
export function earnedDeadline(draft: Draft, context: Context): number {
  const provenAt = context.rules.newestOfQuorum(draft.peers);
  return provenAt === 0 ? 0 : provenAt + context.rules.holdMs(draft.set.leaseMs, context.policy.freezeMs);
}

function openRound(draft: Draft, request: LeaseRequest, context: Context): void {
  draft.roundSeq = request.seq;
  draft.yes = 0;
  draft.no = 0;
  draft.rests = [];
  draft.roundEndsAt = context.now + Math.max(promiseMsOf(context.policy), retryMsOf(context.policy));
  ask(draft, context, request);
}

function poll(draft: Draft, _event: object, context: Context): void {
  draft.isHeir = false;
  openRound(draft, requestOf(draft, context, 'poll', 0), context);
}
function prepare(draft: Draft, _event: object, context: Context): void {
  draft.ballot = ballotOf(Math.max(ballotMs(draft.seen) + 1, context.unixMs), draft.self);
  draft.seen = draft.ballot;
  openRound(draft, requestOf(draft, context, 'prepare', draft.ballot), context);
}
function propose(draft: Draft, _event: object, context: Context): void {
  draft.peers = draft.peers.map((peer) => (peer.answeredAt === 0 ? peer : { ...peer, answeredAt: 0 }));
  draft.roundSentAt = noRounds;
  draft.proposalsLeft = proposalsSent;
  draft.yes = 0;
  draft.no = 0;
  proposeAgain(draft, _event, context);
}
function proposeAgain(draft: Draft, _event: object, context: Context): void {
  draft.proposalsLeft -= 1;
  draft.no = 0;
  draft.rests = [];
  const request = requestOf(draft, context, 'propose', draft.ballot);
  rememberRound(draft, request);
  draft.roundEndsAt = context.now + retryMsOf(context.policy);
  ask(draft, context, request);
}

export function rememberRound(draft: Draft, request: LeaseRequest): void {
  const rounds = draft.roundSentAt.slice();
  rounds[request.seq % roundsRemembered] = request.sentAt;
  draft.roundSentAt = rounds;
  draft.roundSeq = request.seq;
}

function win(draft: Draft, _event: object, context: Context): void {
  const { now } = context;
  draft.epoch = draft.ballot;
  draft.deadline = earnedDeadline(draft, context);
  draft.openUntil = draft.deadline;
  draft.staticEpoch = 0;
  draft.carried = 0;
  draft.wasRefused = false;
  draft.askedBy = 0;
  draft.moves = [...movesOf(draft, context), { epoch: draft.epoch, to: draft.self, ageMs: 0 }].slice(
    -leaseLimits.movesMax,
  );
  draft.movesAt = now;
  draft.renewDueAt = now;
  draft.advertDueAt = now;
  draft.wonEpoch = Math.max(draft.wonEpoch, draft.epoch);
  rank(draft, context);
  context.effects.push({ kind: 'run' }, { kind: 'persist' });
  context.effects.push({ kind: 'assert', epoch: draft.epoch, deadline: draft.deadline });
}

/** Moves within the damping window, with their ages as of now. */
export function movesOf(state: LeaseState, context: Context): LeaseState['moves'] {
  if (state.moves.length === 0) return state.moves;
  const agedMs = context.now - state.movesAt;
  return state.moves
    .filter((move) => move.ageMs + agedMs < context.policy.movesWindowMs)
    .map((move) => ({ ...move, ageMs: move.ageMs + agedMs }));
}

function waitForRest(draft: Draft, _event: object, context: Context): void {
  const rests = [...draft.rests].sort((a, b) => a - b);
  const restMs = rests[quorum(draft) - 1] ?? 0;
  draft.contendFrom = context.now + context.rules.restAfterFailure(restMs, context.policy.advertMs);
}
function lookAgainLater(draft: Draft, _event: object, context: Context): void {
  draft.pollDueAt = context.now + context.policy.advertMs;
  draft.isHeir = false;
}

/** An advert: whose lease it is, how far its data are, and who comes next. */
export function noteHolder(draft: Draft, request: LeaseRequest, context: Context): void {
  const isGranted = draft.acceptedEpoch === request.ballot;
  draft.contendFrom = isGranted ? draft.acceptedUntil : context.now + request.set.leaseMs;
  if (request.position !== null) draft.holderPosition = request.position;
  draft.ranking = request.ranking;
  draft.moves = request.moves;
  draft.movesAt = context.now;
  draft.carried = 0;
  draft.isHeir = false;
  if (request.ballot > draft.wonEpoch) draft.wonEpoch = request.ballot;
}

function noteResignation(draft: Draft, request: LeaseRequest, context: Context): void {
  if (draft.carried === request.ballot) return;
  draft.carried = request.ballot;
  const waitMs = request.heir === 0 ? 0 : context.rules.heirGoesFirst(context.policy.advertMs);
  draft.contendFrom = context.now + waitMs;
}
function succeed(draft: Draft, request: LeaseRequest, context: Context): void {
  draft.carried = request.ballot;
  draft.contendFrom = context.now;
  draft.isHeir = context.rules.heirGoesFirst(context.policy.advertMs) > 0;
}

export function leaveStatic(draft: Draft): void {
  if (draft.staticEpoch === 0) return;
  draft.staticEpoch = 0;
  closeGuard(draft);
}

export const candidateRows: readonly Row[] = [
  row(
    ['out', 'unconfirmed'],
    'contendDue',
    mayContend,
    'polling',
    [poll],
    'No lease is known to stand in the way; it asks who would promise. Nothing changes by asking.',
  ),
  row(
    ['out', 'unconfirmed'],
    'contendDue',
    always,
    'same',
    [lookAgainLater],
    'It may not hold: not voting, not fit, quarantined, or its replication lag is unknown or too large.',
  ),
  row(
    'out',
    'renew',
    isHolderNews,
    'same',
    [noteHolder],
    'The holder is alive; the wait starts again from its advert.',
  ),
  row('out', 'renew', always, 'same', [], 'An advert of an epoch that is over.'),
  row(
    'out',
    'resign',
    namesThisHeir,
    'same',
    [succeed],
    'The holder resigned and named this member its heir; it asks at once.',
  ),
  row(
    'out',
    'resign',
    isNews,
    'same',
    [noteResignation],
    'The holder resigned; it waits its skew, or one advert if another was named heir.',
  ),
  row('out', 'resign', always, 'same', [], 'A resignation of an epoch that is over.'),
  row('polling', 'pollAnswer', isStray, 'same', [], 'An answer to an older question.'),
  row(
    'polling',
    'pollAnswer',
    isMajorityForIt,
    'preparing',
    [prepare],
    'A majority hears it and would promise; it prepares a ballot.',
  ),
  row(
    'polling',
    'pollAnswer',
    isHopeless,
    'rest',
    [waitForRest],
    'A majority would not promise; it waits for what stands in the way.',
  ),
  row('polling', 'pollAnswer', always, 'same', [], 'More answers are needed.'),
  row('polling', 'roundEnds', always, 'rest', [waitForRest], 'Too few answered whether they would promise.'),
  row('preparing', 'prepareAnswer', isStray, 'same', [], 'An answer to an older question.'),
  row(
    'preparing',
    'prepareAnswer',
    isMajorityForIt,
    'proposing',
    [propose],
    'A majority promised; it proposes itself.',
  ),
  row('preparing', 'prepareAnswer', isHopeless, 'rest', [waitForRest], 'A majority refused the ballot.'),
  row('preparing', 'prepareAnswer', always, 'same', [], 'More promises are needed.'),
  row('preparing', 'roundEnds', always, 'rest', [waitForRest], 'Too few promised in time.'),
  row('proposing', 'proposeAnswer', isStray, 'same', [], 'An answer to an older question.'),
  row(
    'proposing',
    'proposeAnswer',
    isWon,
    'holding',
    [win],
    'A majority granted the lease: the ballot is won and is the epoch.',
  ),
  row('proposing', 'proposeAnswer', isHopeless, 'rest', [waitForRest], 'A majority refused the proposal.'),
  row('proposing', 'proposeAnswer', always, 'same', [], 'More grants are needed.'),
  row('proposing', 'roundEnds', hasProposalsLeft, 'same', [proposeAgain], 'Too few granted yet; it proposes again.'),
  row('proposing', 'roundEnds', always, 'rest', [waitForRest], 'Too few granted in time.'),
  row(contending, 'renew', isHolderNews, 'out', [leaveStatic, noteHolder], 'Another holds the lease; it stops asking.'),
  row(contending, 'resign', isNews, 'same', [noteResignation], 'The holder resigned while it was asking.'),
  row(contending, 'resign', always, 'same', [], 'A resignation of an epoch that is over.'),
  row(
    contending,
    'suspended',
    always,
    'out',
    [leaveStatic],
    'This machine slept while it asked: what was granted meanwhile may be over.',
  ),
  row(
    contending,
    'clockJumped',
    always,
    'out',
    [leaveStatic],
    'Two peers say that this clock stood still while it asked: what was granted may be over.',
  ),
  row(
    [...contending, 'unconfirmed'],
    'persisted',
    isRemoved,
    'out',
    [leaveStatic],
    'It is no voter of this group any more.',
  ),
];

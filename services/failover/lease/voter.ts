// The voter: promises, grants, refuses, and stays silent when it may have forgotten. lease.md rules 6, 7, 9.
import type { LeaseAnswer, LeaseDurable, LeaseRequest, VoterSet } from '../../protocol/lease.ts';
import { isNewer, reply, requestOf } from './contact.ts';
import type { Context, Row } from './events.ts';
import { always, rowsOf } from './events.ts';
import type { Draft, VoteState } from './state.ts';
import { unheardPeer } from './state.ts';
import { ballotMs, ballotOf, promiseMsOf, quorumOf } from './terms.ts';

type Refusal = LeaseAnswer['refusal'];
const row = rowsOf<VoteState>('vote');

/** Why a prepare (or the poll before it) is refused, as if the resignation it carries had been heard. */
function refusalOfPrepare(draft: Draft, request: LeaseRequest, context: Context): Refusal {
  const { rules, now } = context;
  const isResigned = request.resigned !== 0 && request.resigned >= draft.acceptedEpoch;
  if (!isResigned && !rules.isFreeToPromise(draft.acceptedBy, draft.acceptedUntil, request.from, now)) return 'lease';
  const isStanding = draft.promisedTo !== request.from && rules.isPromiseStanding(now, draft.promisedUntil);
  if (isStanding && !rules.isBetterCandidate(request.priority, request.from, draft.promisedPriority, draft.promisedTo))
    return 'promise';
  if (request.kind === 'poll') return 'none';
  if (!rules.isPromised(request.ballot, draft.promised)) return 'ballot';
  if (request.ballot <= draft.resigned) return 'resigned';
  return rules.isBelowCeiling(request.ballot, draft.ceiling) ? 'none' : 'ceiling';
}

/** Why a proposal or a renewal is refused. A renewal stands whatever was promised since. */
function refusalOfGrant(draft: Draft, request: LeaseRequest, context: Context): Refusal {
  const { rules, now } = context;
  if (!rules.keepsResigned(request.ballot, draft.resigned)) return 'resigned';
  if (!rules.isFree(draft.acceptedBy, draft.acceptedUntil, request.from, now)) return 'lease';
  if (!rules.isNoOlderThanAccepted(request.ballot, draft.acceptedEpoch)) return 'ballot';
  if (request.kind === 'renew') return 'none';
  if (!rules.isPromised(request.ballot, draft.promised)) return 'ballot';
  return rules.isBelowCeiling(request.ballot, draft.ceiling) ? 'none' : 'ceiling';
}

const wouldPromise = (draft: Draft, request: LeaseRequest, context: Context): boolean =>
  refusalOfPrepare(draft, request, context) === 'none';
const wouldGrant = (draft: Draft, request: LeaseRequest, context: Context): boolean =>
  refusalOfGrant(draft, request, context) === 'none';
const isNewResignation = (draft: Draft, request: LeaseRequest): boolean => request.ballot > draft.resigned;
const hasLost = (draft: Draft): boolean => draft.mustLearn;
const isNextSet = (draft: Draft, { record }: { record: LeaseDurable }): boolean =>
  draft.nextSet !== undefined &&
  record.set.version === draft.nextSet.version &&
  record.set.epoch === draft.nextSet.epoch;
const knowsEnough = (draft: Draft, _answer: LeaseAnswer, context: Context): boolean =>
  context.isCounted && bits(draft.learntFrom | draft.yes | draft.no) >= quorumOf(draft.set.voters.length);

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

function sayWould(draft: Draft, request: LeaseRequest, context: Context): void {
  reply(draft, context, request, 'none', 0);
}

function promise(draft: Draft, request: LeaseRequest, context: Context): void {
  resign(draft, request.resigned);
  draft.promised = request.ballot;
  draft.promisedTo = request.from;
  draft.promisedPriority = request.priority;
  draft.promisedUntil = context.now + promiseMsOf(context.policy);
  fence(draft, request, context);
  recordThenReply(draft, request, context);
}

function grant(draft: Draft, request: LeaseRequest, context: Context): void {
  draft.acceptedEpoch = request.ballot;
  draft.acceptedBy = request.from;
  draft.acceptedUntil = context.now + request.set.leaseMs;
  if (request.ballot > draft.promised) draft.promised = request.ballot;
  fence(draft, request, context);
  recordThenReply(draft, request, context);
}

/** The answer must never outlive the memory of it: /run first. */
function recordThenReply(draft: Draft, request: LeaseRequest, context: Context): void {
  context.effects.push({ kind: 'run' });
  reply(draft, context, request, 'none', 0);
}

/** Only an advert proves that an epoch was won. */
function fence(draft: Draft, request: LeaseRequest, context: Context): void {
  if (!context.rules.fencesBelow(request.kind) || request.ballot <= draft.wonEpoch) return;
  draft.wonEpoch = request.ballot;
  context.effects.push({ kind: 'persist' });
}

function refusePrepare(draft: Draft, request: LeaseRequest, context: Context): void {
  refuse(draft, request, refusalOfPrepare(draft, request, context), context);
}
function refuseGrant(draft: Draft, request: LeaseRequest, context: Context): void {
  refuse(draft, request, refusalOfGrant(draft, request, context), context);
}
function refuse(draft: Draft, request: LeaseRequest, refusal: Refusal, context: Context): void {
  if (refusal === 'ceiling') raiseCeiling(draft, request.ballot, context);
  const until = refusal === 'lease' ? draft.acceptedUntil : refusal === 'promise' ? draft.promisedUntil : context.now;
  reply(draft, context, request, refusal, until - context.now);
}

function keepResignation(draft: Draft, request: LeaseRequest, context: Context): void {
  resign(draft, request.ballot);
  context.effects.push({ kind: 'run' });
}
function resign(draft: Draft, epoch: number): void {
  if (epoch > draft.resigned) draft.resigned = epoch;
  if (draft.acceptedEpoch <= epoch) draft.acceptedUntil = 0;
}

/** Ahead of need, so that no election waits for a disk. */
export function raiseCeiling(draft: Draft, above: number, context: Context): void {
  const aheadMs = context.policy.ceilingAheadMs;
  const wanted = ballotOf(Math.max(ballotMs(above), ballotMs(draft.promised), context.unixMs) + aheadMs, 0);
  draft.ceilingDueAt = context.now + aheadMs / 2;
  if (wanted <= draft.ceilingWanted) return;
  draft.ceilingWanted = wanted;
  context.effects.push({ kind: 'persist' });
}

function learnOfCeiling(draft: Draft, { record }: { record: LeaseDurable }): void {
  if (record.ceiling > draft.ceiling) draft.ceiling = record.ceiling;
}

function adoptSet(draft: Draft, event: { record: LeaseDurable }, context: Context): void {
  learnOfCeiling(draft, event);
  const before: VoterSet = draft.set;
  const set = event.record.set;
  draft.nextSet = draft.nextSet !== undefined && isNewer(draft.nextSet, set) ? draft.nextSet : undefined;
  draft.set = set;
  draft.peers = set.voters.map((voter) => {
    const peer = draft.peers[before.voters.indexOf(voter)] ?? unheardPeer;
    // A bit of `heard` and an answer belong to one set.
    return { ...peer, answeredAt: 0, hearsUsAt: 0 };
  });
  const isNew = set.voters.includes(draft.self) && context.rules.isNewVoterMute(before.voters.includes(draft.self));
  // A voter restored from an older backup was mute for the M it knew; the true one may be longer.
  const mutedUntil = isNew
    ? context.now + context.rules.muteMs(set.leaseMsMax)
    : context.rules.isLongerTerm(set.leaseMsMax, before.leaseMsMax)
      ? draft.bootedAt + context.rules.muteMs(set.leaseMsMax)
      : 0;
  const isLonger = mutedUntil > context.now && mutedUntil > draft.mutedUntil;
  if (isLonger) {
    draft.mutedUntil = mutedUntil;
    context.effects.push({ kind: 'run' });
  }
  // Who has answered a voter that learns is counted within one set; it begins again, and after its silence.
  const mustBeginAgain = draft.vote === 'learning' && context.rules.learnsWithinOneSet();
  if (mustBeginAgain || (isLonger && draft.vote === 'voting')) draft.vote = 'mute';
}

function startLearning(draft: Draft, _event: object, context: Context): void {
  draft.yes = 0;
  draft.no = 0;
  draft.learntFrom = 0;
  context.effects.push({ kind: 'alarm', about: 'must-ask-operator' });
  askWhatIsKnown(draft, _event, context);
}
/** A poll changes nothing where it is heard, and its answer carries the highest ballot known. */
function askWhatIsKnown(draft: Draft, _event: object, context: Context): void {
  draft.learntFrom |= draft.yes | draft.no;
  const request = requestOf(draft, context, 'poll', 0);
  draft.roundSeq = request.seq;
  draft.yes = 0;
  draft.no = 0;
  draft.rests = [];
  draft.pollDueAt = context.now + context.policy.advertMs;
  context.effects.push({ kind: 'send', to: 0, datagram: request });
}
function takeWhatIsKnown(draft: Draft, _answer: LeaseAnswer, context: Context): void {
  draft.mustLearn = false;
  draft.promised = Math.max(draft.promised, draft.seen);
  raiseCeiling(draft, draft.seen, context);
  context.effects.push({ kind: 'run' }, { kind: 'persist' });
}
/** To its own number: only a clone hears it. */
function sayHello(draft: Draft, _event: object, context: Context): void {
  draft.advertDueAt = context.now + context.policy.advertMs;
  context.effects.push({ kind: 'send', to: draft.self, datagram: requestOf(draft, context, 'hello', 0) });
}
function muteAgain(draft: Draft, _event: object, context: Context): void {
  draft.mutedUntil = Math.max(draft.mutedUntil, context.now + context.rules.muteMs(draft.set.leaseMsMax));
  context.effects.push({ kind: 'run' });
}
function raiseCeilingInTime(draft: Draft, _event: object, context: Context): void {
  raiseCeiling(draft, draft.promised, context);
}
/** Whichever of the two an operator keeps, it does not know what the other promised: on disk before anybody can decide. */
function fallSilent(draft: Draft, _event: object, context: Context): void {
  if (context.rules.clonedMustLearn()) draft.mustLearn = true;
  context.effects.push({ kind: 'run' }, { kind: 'persist' }, { kind: 'alarm', about: 'clone' });
  sayHello(draft, _event, context);
  draft.resigning = 0;
}

export const voterRows: readonly Row[] = [
  row('voting', 'poll', wouldPromise, 'same', [sayWould], 'Asked whether it would promise: it would. Nothing changed.'),
  row(
    'voting',
    'poll',
    always,
    'same',
    [refusePrepare],
    'Asked whether it would promise: it would not, and says how long that stands.',
  ),
  row('voting', 'prepare', wouldPromise, 'same', [promise], 'Promised to accept no older ballot.'),
  row(
    'voting',
    'prepare',
    always,
    'same',
    [refusePrepare],
    'Refused the ballot: a live lease, a standing promise or a higher ballot is in its way.',
  ),
  row('voting', 'propose', wouldGrant, 'same', [grant], 'Granted the lease to the candidate for T from now.'),
  row(
    'voting',
    'propose',
    always,
    'same',
    [refuseGrant],
    'Refused the proposal: a live lease, a promise or a resignation is in its way.',
  ),
  row('voting', 'renew', wouldGrant, 'same', [grant], 'Renewed the lease of its holder for T from now.'),
  row(
    'voting',
    'renew',
    always,
    'same',
    [refuseGrant],
    'Refused the renewal: another holds here, or this epoch is over.',
  ),
  row(
    ['voting', 'mute', 'learning'],
    'resign',
    isNewResignation,
    'same',
    [keepResignation],
    'The holder resigned; this epoch and all below it are over for good.',
  ),
  row(['voting', 'mute', 'learning'], 'resign', always, 'same', [], 'This resignation is known already.'),
  row(['mute', 'learning', 'silenced'], 'poll', always, 'same', [], 'Silent: it may have forgotten what it granted.'),
  row(
    ['mute', 'learning', 'silenced'],
    'prepare',
    always,
    'same',
    [],
    'Silent: it promises nothing until all it may have granted has ended.',
  ),
  row(
    ['mute', 'learning', 'silenced'],
    'propose',
    always,
    'same',
    [],
    'Silent: it grants nothing until all it may have granted has ended.',
  ),
  row(
    ['mute', 'learning', 'silenced'],
    'renew',
    always,
    'same',
    [],
    'Silent: it renews nothing until all it may have granted has ended.',
  ),
  row(
    'mute',
    'start',
    always,
    'same',
    [sayHello],
    'This machine booted: silent for M, and listening for a clone of itself.',
  ),
  row(
    'voting',
    'start',
    always,
    'same',
    [sayHello],
    'The process came back: it votes at once, and listens for a clone of itself.',
  ),
  row(
    ['voting', 'mute', 'learning'],
    'suspended',
    always,
    'mute',
    [muteAgain, sayHello],
    'This machine slept: what it granted may have outlived its clock, so it is silent for M, and listening for a clone.',
  ),
  row(
    ['voting', 'mute', 'learning'],
    'ceilingDue',
    always,
    'same',
    [raiseCeilingInTime],
    'The ceiling of promises rises on disk, ahead of need.',
  ),
  row(
    'mute',
    'muteEnds',
    hasLost,
    'learning',
    [startLearning],
    'What was promised under its number is not all known here: it asks a majority how high ballots have risen.',
  ),
  row('mute', 'muteEnds', always, 'voting', [], 'All it may have granted before has ended; it votes.'),
  row('silenced', 'helloDue', always, 'same', [sayHello], 'Still silent, and telling a later clone of itself to be.'),
  row(
    'learning',
    'learnDue',
    always,
    'same',
    [askWhatIsKnown],
    'Too few have answered how high ballots have risen; it asks again.',
  ),
  row(
    'learning',
    'pollAnswer',
    knowsEnough,
    'voting',
    [takeWhatIsKnown],
    'A majority said how high ballots have risen; it votes.',
  ),
  row('learning', 'pollAnswer', always, 'same', [], 'More answers are needed before it may vote.'),
  row(
    ['voting', 'mute', 'learning'],
    'persisted',
    isNextSet,
    'same',
    [adoptSet],
    'The new voter set is durable and used from now on.',
  ),
  row(
    ['voting', 'mute', 'learning', 'silenced'],
    'persisted',
    always,
    'same',
    [learnOfCeiling],
    'Its state is durable.',
  ),
  row(
    ['voting', 'mute', 'learning'],
    'cloned',
    always,
    'silenced',
    [fallSilent],
    'Its own number was heard from another process: it is silent until an operator keeps one of the two.',
  ),
];

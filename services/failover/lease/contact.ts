// Datagrams in and out: what each says of its sender, who hears whom, and whether an answer belongs to the open question.
import type { LeaseAnswer, LeaseDatagram, LeaseRequest, VoterSet } from '../../protocol/lease.ts';
import type { Context } from './events.ts';
import type { Draft, LeaseState, Peer } from './state.ts';
import { unheardPeer } from './state.ts';
import { clockDrift, roundsRemembered } from './terms.ts';

type Refusal = LeaseAnswer['refusal'];

/** Fit to hold: healthy, and `mayHoldAtAll`. */
export const isEligible = (state: LeaseState, context: Context): boolean =>
  state.isHealthy && mayHoldAtAll(state, context);

/** Able to act, not quarantined, and with a known lag within policy, judged as of the last renewal heard. */
export function mayHoldAtAll(state: LeaseState, context: Context): boolean {
  const { policy, rules, now } = context;
  if (!state.mayAct || state.isQuarantined || state.isWitness) return false;
  if (policy.lagMax === undefined || state.epoch !== 0) return true;
  if (!rules.isLagKnown(state.holderPosition, state.acceptedUntil > now)) return false;
  return state.position !== null && (state.holderPosition ?? 0) - state.position <= policy.lagMax;
}

export function peerOf(state: LeaseState, voter: number): Peer {
  return state.peers[state.set.voters.indexOf(voter)] ?? unheardPeer;
}

export function patchPeer(draft: Draft, index: number, peer: Peer): void {
  const peers = draft.peers.slice();
  peers[index] = peer;
  draft.peers = peers;
}

function heardMask(state: LeaseState, context: Context): number {
  const since = context.now - 2 * context.policy.advertMs;
  let mask = 0;
  for (let index = 0; index < state.peers.length; index++) {
    const peer = state.peers[index];
    if (peer !== undefined && peer.heardAt > 0 && peer.heardAt >= since) mask |= 1 << index;
  }
  return mask;
}

/** Voters in two-way contact, this one included. */
export function contacts(state: LeaseState, context: Context): number {
  const since = context.now - 2 * context.policy.advertMs;
  let count = state.set.voters.includes(state.self) ? 1 : 0;
  for (const peer of state.peers) if (peer.hearsUsAt > 0 && peer.hearsUsAt >= since) count += 1;
  return count;
}

/** A question; its send time is this input's `now`, read before the datagram is built. */
export function requestOf(draft: Draft, context: Context, kind: LeaseRequest['kind'], ballot: number): LeaseRequest {
  draft.seq += 1;
  const isAdvert = kind === 'renew';
  return {
    kind,
    from: draft.self,
    nonce: draft.nonce,
    seq: draft.seq,
    sentAt: context.now,
    set: draft.set,
    heard: heardMask(draft, context),
    priority: kind === 'resign' ? 0 : draft.priority,
    isEligible: isEligible(draft, context),
    position: draft.position,
    ballot,
    resigned: kind === 'prepare' || kind === 'poll' ? context.rules.carriesResignation(draft.carried) : 0,
    heir: kind === 'resign' ? draft.heir : 0,
    ranking: isAdvert ? draft.ranking : [],
    moves: isAdvert ? draft.moves : [],
  };
}

const answerKinds = {
  poll: 'pollAnswer',
  prepare: 'prepareAnswer',
  propose: 'proposeAnswer',
  renew: 'renewAnswer',
} as const satisfies Partial<Record<LeaseRequest['kind'], LeaseAnswer['kind']>>;

/** Answers a question; the own member's comes back through `ownAnswer`, because no datagram travels. */
export function reply(draft: Draft, context: Context, to: LeaseRequest, refusal: Refusal, restMs: number): void {
  if (to.kind === 'hello' || to.kind === 'resign') return;
  if (to.from !== draft.self) draft.seq += 1;
  const answer: LeaseAnswer = {
    kind: answerKinds[to.kind],
    from: draft.self,
    nonce: draft.nonce,
    seq: draft.seq,
    sentAt: context.now,
    set: draft.set,
    heard: heardMask(draft, context),
    priority: draft.priority,
    isEligible: isEligible(draft, context),
    position: draft.position,
    echoNonce: to.nonce,
    echoSeq: to.seq,
    ballot: to.ballot,
    isYes: refusal === 'none',
    refusal,
    highest: Math.max(draft.promised, draft.acceptedEpoch, draft.resigned),
    restMs: Math.max(0, restMs),
    asks: asksHolder(draft, to, context),
  };
  if (to.from === draft.self) context.ownAnswer = answer;
  else context.effects.push({ kind: 'send', to: to.from, datagram: answer });
}

function asksHolder(draft: Draft, to: LeaseRequest, context: Context): boolean {
  if (to.kind !== 'renew' || to.from === draft.self || !context.policy.preempts || draft.isWitness) return false;
  return draft.priority > to.priority && isEligible(draft, context);
}

/** Asks every voter; the own one first, so that what it granted is in /run before anything leaves. */
export function ask(draft: Draft, context: Context, request: LeaseRequest): void {
  context.ownAnswer = undefined;
  if (draft.set.voters.includes(draft.self)) context.dispatch(draft, request, context, 'vote');
  context.effects.push({ kind: 'send', to: 0, datagram: request });
  const own: LeaseAnswer | undefined = context.ownAnswer;
  if (own === undefined) return;
  context.isCounted = countAnswer(draft, own, context);
  context.dispatch(draft, own, context, 'role');
}

/** What every datagram teaches. False: it is of no further use here. */
export function receive(draft: Draft, datagram: LeaseDatagram, context: Context): boolean {
  const { rules, now, policy } = context;
  if (datagram.from === draft.self) {
    if (rules.isClone(datagram.nonce, draft.nonce)) context.dispatch(draft, { kind: 'cloned' }, context);
    return false;
  }
  if ('highest' in datagram) draft.seen = Math.max(draft.seen, datagram.highest);
  draft.seen = Math.max(draft.seen, datagram.ballot);
  if (isNewer(datagram.set, draft.set)) considerSet(draft, datagram.set, context);
  if (!rules.isSameSet(datagram.set, draft.set)) {
    if (!('highest' in datagram) && isNewer(draft.set, datagram.set)) reply(draft, context, datagram, 'version', 0);
    return false;
  }
  const index = draft.set.voters.indexOf(datagram.from);
  const peer = draft.peers[index];
  if (peer === undefined) return false;
  const hearsUs = (datagram.heard & (1 << draft.set.voters.indexOf(draft.self))) !== 0;
  const isSameProcess = peer.nonce === datagram.nonce;
  const lead = datagram.sentAt - now;
  const sinceMs = now - peer.clockLeadAt;
  const rise = lead - peer.clockLead - 2.5 * clockDrift * sinceMs;
  const hasJumped = isSameProcess && rules.seesClockJump(rise, policy.advertMs / 2 + policy.freezeMs);
  // Late datagrams look like a clock behind; the best lead of the last four adverts is kept against them.
  const isBest = !isSameProcess || lead > peer.clockLead - policy.advertMs / 4 || sinceMs > 4 * policy.advertMs;
  const isChanged = peer.priority !== datagram.priority || peer.isEligible !== datagram.isEligible;
  patchPeer(draft, index, {
    heardAt: now,
    hearsUsAt: hearsUs ? now : peer.hearsUsAt,
    nonce: datagram.nonce,
    priority: datagram.kind === 'resign' ? peer.priority : datagram.priority,
    isEligible: datagram.isEligible,
    answeredAt: peer.answeredAt,
    clockLead: isBest ? lead : peer.clockLead,
    clockLeadAt: isBest ? now : peer.clockLeadAt,
    clockJumpAt: hasJumped ? now : peer.clockJumpAt,
  });
  if (isChanged && draft.epoch !== 0) rank(draft, context);
  if (hasJumped) noteClockJump(draft, context);
  return true;
}

/** One peer's clock may jump; when two did at once, it was ours that stood still. */
function noteClockJump(draft: Draft, context: Context): void {
  const since = context.now - 2 * context.policy.advertMs;
  const jumped = draft.peers.filter((peer) => peer.clockJumpAt > 0 && peer.clockJumpAt >= since).length;
  if (jumped < 2) return;
  draft.peers = draft.peers.map((peer) => ({ ...peer, clockJumpAt: 0 }));
  context.dispatch(draft, { kind: 'clockJumped' }, context);
}

/** The standing of every member, which adverts repeat. */
export function rank(draft: Draft, context: Context): void {
  draft.ranking = draft.set.voters.map((voter, index) => {
    if (voter === draft.self) return { voter, priority: draft.priority, isEligible: isEligible(draft, context) };
    const peer = draft.peers[index] ?? unheardPeer;
    return { voter, priority: peer.priority, isEligible: peer.isEligible };
  });
}

export const isNewer = (set: VoterSet, than: VoterSet): boolean =>
  set.version > than.version || (set.version === than.version && set.epoch > than.epoch);

/** A newer set is made durable first and used from then on. */
export function considerSet(draft: Draft, set: VoterSet, context: Context): void {
  if (draft.nextSet !== undefined && !isNewer(set, draft.nextSet)) return;
  draft.nextSet = set;
  context.effects.push({ kind: 'persist' });
}

const phaseOf = {
  pollAnswer: 'polling',
  prepareAnswer: 'preparing',
  proposeAnswer: 'proposing',
  renewAnswer: 'holding',
};

/** Counts an answer to the open question. False: it answers another process, another set, an older question. */
export function countAnswer(draft: Draft, answer: LeaseAnswer, context: Context): boolean {
  const { rules, now } = context;
  const isLearning = draft.vote === 'learning' && answer.kind === 'pollAnswer';
  if (!isLearning && phaseOf[answer.kind] !== draft.role) return false;
  if (!rules.answersThisNonce(answer.echoNonce, draft.nonce)) return false;
  const index = draft.set.voters.indexOf(answer.from);
  const peer = draft.peers[index];
  if (peer === undefined || answer.refusal === 'version') return false;
  const isRound = answer.kind === 'proposeAnswer' || answer.kind === 'renewAnswer';
  if (isRound ? answer.ballot !== draft.ballot : answer.echoSeq !== draft.roundSeq) return false;
  const bit = 1 << index;
  if (!isRound && ((draft.yes | draft.no) & bit) !== 0) return false;
  if (answer.isYes) draft.yes |= bit;
  else draft.no |= bit;
  if (!isRound) draft.rests = [...draft.rests, answer.isYes ? 0 : answer.restMs];
  if (isRound && answer.isYes) {
    const seq = rules.roundAnswered(answer.echoSeq, draft.roundSeq);
    if (draft.seq - seq >= roundsRemembered) return false;
    const provenAt = rules.provenAt(draft.roundSentAt[seq % roundsRemembered] ?? 0, now);
    if (provenAt > peer.answeredAt) patchPeer(draft, index, { ...peer, answeredAt: provenAt });
  }
  if (answer.kind === 'renewAnswer' && !answer.isYes) draft.wasRefused = true;
  return true;
}

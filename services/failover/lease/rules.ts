// The rules of the lease on which safety and liveness stand, one named function each, so that the simulation can take
// any of them away and must then find a violation. Production passes `leaseRules` as it is. Numbers are those of the rules.
import type { VoterSet } from '../../protocol/lease.ts';
import { holdMsOf, isBetter, leaseMsOf, quorumOf } from './terms.ts';

type Answered = { readonly answeredAt: number };

/** The newest send time that at least `count` voters have answered, or one newer. */
export function newestOf(peers: readonly Answered[], count: number): number {
  let newest = 0;
  for (const { answeredAt } of peers) {
    if (answeredAt <= newest) continue;
    let answered = 0;
    for (const other of peers) if (other.answeredAt >= answeredAt) answered += 1;
    if (answered >= count) newest = answeredAt;
  }
  return newest;
}

export type LeaseRules = {
  readonly [Name in keyof typeof leaseRules]: (typeof leaseRules)[Name];
};

export const leaseRules = {
  // 1: time is read where it counts.
  answersThisNonce: (echo: number, nonce: number): boolean => echo === nonce,
  /** Which round an answer is about. */
  roundAnswered: (echoSeq: number, _newestSeq: number): number => echoSeq,
  /** What a grant proves: the holder's own clock before it asked. */
  provenAt: (sentAt: number, _now: number): number => sentAt,
  /** The quorum-th newest send time answered; 0 when fewer answered. */
  newestOfQuorum: (peers: readonly Answered[]): number => newestOf(peers, quorumOf(peers.length)),

  // 2: terms that survive drift and freezes.
  holdMs: (leaseMs: number, freezeMs: number): number => holdMsOf(leaseMs, freezeMs),
  leaseMs: (advertMs: number, freezeMs: number): number => leaseMsOf(advertMs, freezeMs),
  seesSuspend: (gapMs: number, toleratedMs: number): boolean => gapMs > toleratedMs,
  seesClockJump: (leadMs: number, toleratedMs: number): boolean => leadMs > toleratedMs,

  // 3: effects carry deadlines, and a line that waited too long is refused by the kernel.
  needsArm: (): boolean => true,
  armKey: (nonce: number, writes: number): number => nonce * 65_536 + writes,
  armForMs: (armMs: number): number => armMs,
  /** At the moment of writing; `decidedAt` is when the write was wanted. */
  fireTimeoutMs: (deadline: number, now: number, armMs: number, _decidedAt: number): number => deadline - now - armMs,
  closesArms: (): boolean => true,
  closesAtStart: (): boolean => true,

  // 4: resigning is irrevocable.
  resignsAfterClose: (): boolean => true,
  keepsResigned: (epoch: number, resigned: number): boolean => epoch > resigned,
  waitsAfterResigning: (advertMs: number): number => 2 * advertMs,
  heirGoesFirst: (advertMs: number): number => advertMs,
  carriesResignation: (epoch: number): number => epoch,

  // 5: a holder whose deadline has passed never renews that epoch again.
  isOver: (deadline: number, now: number): boolean => now >= deadline,

  // 6: voter sets have a version.
  isSameSet: (a: VoterSet, b: VoterSet): boolean => a === b || (a.version === b.version && a.epoch === b.epoch),
  mayChangeAgain: (answered: number, voters: number): boolean => answered === voters,
  /** Of a new set, the voters of the old one that answer now. */
  mayCarryOn: (answering: number, voters: number): boolean => answering >= quorumOf(voters),
  isNewVoterMute: (wasIn: boolean): boolean => !wasIn,
  isTermKnown: (leaseMs: number, leaseMsMax: number): boolean => leaseMs <= leaseMsMax,

  /** Silence since the boot grows with an M that a lost disk or a backup did not know. */
  isLongerTerm: (leaseMsMax: number, before: number): boolean => leaseMsMax > before,
  learnsWithinOneSet: (): boolean => true,

  // 7: ballots and what survives a restart.
  muteMs: (leaseMsMax: number): number => leaseMsMax,
  mustLearn: (isStateLost: boolean): boolean => isStateLost,
  /** What the other process of its number promised is not known here, as after a torn file. */
  clonedMustLearn: (): boolean => true,
  /** What /run says of a voter that must learn does not spare it the silence of a boot. */
  trustsRun: (mustLearn: boolean): boolean => !mustLearn,
  restartBallot: (ceiling: number): number => ceiling,
  isBelowCeiling: (ballot: number, ceiling: number): boolean => ballot <= ceiling,
  isFree: (acceptedBy: number, acceptedUntil: number, candidate: number, now: number): boolean =>
    acceptedBy === candidate || now >= acceptedUntil,
  isFreeToPromise: (acceptedBy: number, acceptedUntil: number, candidate: number, now: number): boolean =>
    acceptedBy === candidate || now >= acceptedUntil,
  isPromised: (ballot: number, promised: number): boolean => ballot >= promised,
  isNoOlderThanAccepted: (epoch: number, accepted: number): boolean => epoch >= accepted,

  // 8: only a won ballot fences.
  fencesBelow: (kind: string): boolean => kind === 'renew',

  // 9–13: liveness.
  isPromiseStanding: (now: number, until: number): boolean => now < until,
  isBetterCandidate: isBetter,
  restAfterFailure: (restMs: number, advertMs: number): number => Math.max(restMs, advertMs / 4),
  isInContact: (peers: number, voters: number): boolean => peers >= quorumOf(voters),
  retryAfterMs: (retryMs: number, _advertMs: number): number => retryMs,
  rankSkew: (rank: number): number => rank,
  skewFrom: (base: number, _now: number): number => base,
  mayPreempt: (isBetterMember: boolean, movesLeft: number): boolean => isBetterMember && movesLeft > 0,
  mayAnswerHardFailure: (isSomeoneEligible: boolean): boolean => isSomeoneEligible,

  // 14: lag as of the last renewal heard.
  isLagKnown: (holderPosition: number | null, _isHolderAlive: boolean): boolean => holderPosition !== null,

  // Parts: a number heard under another nonce is a clone.
  isClone: (nonce: number, own: number): boolean => nonce !== own,

  // No majority: fail-static is entered through silence, never after a refusal, and left when the gateway is lost.
  mayStayStatic: (wasRefused: boolean, isLinkUp: boolean): boolean => !wasRefused && isLinkUp,
  leavesStatic: (isLinkUp: boolean): boolean => !isLinkUp,
} as const;

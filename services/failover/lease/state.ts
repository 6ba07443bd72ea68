// What one process of a group knows: as a voter, as a member, and of the guard of its addresses. Plain data; `decide`
// copies it once and works on the copy.
import type { LeaseDurable, LeaseRun, Move, Standing, VoterSet } from '../../protocol/lease.ts';
import type { LeaseRules } from './rules.ts';
import type { LeasePolicy } from './terms.ts';
import { roundsRemembered } from './terms.ts';

/** `silenced`: its own number was heard under another nonce; only an operator ends that, by starting one of them anew. */
export type VoteState = 'mute' | 'learning' | 'voting' | 'silenced';
/** `unconfirmed` is fail-static: it keeps the address and does not know whether another has it. */
export type Role =
  | 'starting'
  | 'witness'
  | 'out'
  | 'polling'
  | 'preparing'
  | 'proposing'
  | 'holding'
  | 'resigning'
  | 'unconfirmed';
/** The one line under way to the kernel. */
export type GuardState = 'idle' | 'arming' | 'firing' | 'closing';

/** Another voter, in the order of `set.voters`. Times are of the own clock; 0: never. */
export type Peer = {
  readonly heardAt: number;
  /** When it last said that it hears us. */
  readonly hearsUsAt: number;
  readonly nonce: number;
  readonly priority: number;
  readonly isEligible: boolean;
  /** Newest send time of ours that it granted under this epoch and voter set. */
  readonly answeredAt: number;
  /** Its clock less ours at best, and when that was seen; a rise beyond drift means that we were frozen. */
  readonly clockLead: number;
  readonly clockLeadAt: number;
  readonly clockJumpAt: number;
};
export const unheardPeer: Peer = {
  heardAt: 0,
  hearsUsAt: 0,
  nonce: 0,
  priority: 0,
  isEligible: false,
  answeredAt: 0,
  clockLead: 0,
  clockLeadAt: 0,
  clockJumpAt: 0,
};

export const noRounds: readonly number[] = Array.from({ length: roundsRemembered }, () => 0);

export type LeaseState = {
  readonly self: number;
  readonly nonce: number;
  readonly isWitness: boolean;
  readonly set: VoterSet;
  /** A newer set that is being made durable. */
  readonly nextSet: VoterSet | undefined;
  readonly peers: readonly Peer[];
  readonly bootedAt: number;
  /** Boot time less monotonic time; it rises only while the machine is suspended. */
  readonly suspendedMs: number | undefined;

  readonly vote: VoteState;
  readonly mutedUntil: number;
  /** No state was found, or a torn file, or a clone lived: a majority must say how high ballots have risen. */
  readonly mustLearn: boolean;
  readonly learntFrom: number;
  readonly promised: number;
  readonly promisedTo: number;
  readonly promisedPriority: number;
  readonly promisedUntil: number;
  readonly ceiling: number;
  readonly ceilingWanted: number;
  readonly ceilingDueAt: number;
  readonly acceptedEpoch: number;
  readonly acceptedBy: number;
  readonly acceptedUntil: number;
  readonly resigned: number;

  readonly role: Role;
  readonly priority: number;
  readonly isHealthy: boolean;
  /** Without it not even an heir contends: nothing would be served, or beside somebody else. */
  readonly mayAct: boolean;
  readonly isQuarantined: boolean;
  readonly position: number | null;
  /** The holder's position as of the last renewal heard. */
  readonly holderPosition: number | null;
  readonly ranking: Standing[];
  readonly moves: Move[];
  readonly movesAt: number;
  readonly seen: number;
  readonly wonEpoch: number;
  /** When the lease that stands in the way ends as far as is known; skew comes on top. */
  readonly contendFrom: number;
  readonly contendNotBefore: number;
  /** A resignation that names us heir, or that voters may have missed: carried by the next poll and prepare. */
  readonly carried: number;
  readonly isHeir: boolean;
  readonly pollDueAt: number;

  readonly seq: number;
  readonly roundSeq: number;
  readonly ballot: number;
  readonly yes: number;
  readonly no: number;
  readonly rests: readonly number[];
  readonly roundEndsAt: number;
  readonly proposalsLeft: number;
  /** Send times of the latest rounds, at `seq` modulo their number. */
  readonly roundSentAt: readonly number[];
  readonly roundStartedAt: number;
  readonly renewDueAt: number;
  readonly advertDueAt: number;

  /** The won epoch, 0 when none. */
  readonly epoch: number;
  readonly deadline: number;
  readonly wasRefused: boolean;
  readonly isLinkUp: boolean;
  readonly askedBy: number;
  readonly askedSince: number;
  readonly askedAt: number;
  /** Until then a holder that became unfit asks more often who is fit. */
  readonly asksWhoIsFitUntil: number;
  /** Epoch kept open without a majority (fail-static), 0 when none. */
  readonly staticEpoch: number;
  readonly staticUntil: number;
  readonly resigning: number;
  readonly heir: number;
  readonly resignationsLeft: number;
  readonly resignDueAt: number;

  readonly guard: GuardState;
  readonly writes: number;
  readonly writeKey: number;
  readonly writeDecidedAt: number;
  readonly writeUntil: number;
  readonly openUntil: number;
  readonly mustClose: boolean;
  /** The epoch whose opening was announced. */
  readonly announced: number;
};

export type Draft = { -readonly [Key in keyof LeaseState]: LeaseState[Key] };

/** What a starting process finds. `durable` undefined: no file, or a torn one. `run` undefined: a new boot. */
export type LeaseStart = {
  readonly self: number;
  readonly nonce: number;
  readonly isWitness: boolean;
  readonly priority: number;
  readonly durable: LeaseDurable | undefined;
  readonly run: LeaseRun | undefined;
  /** The set of the configuration, used only when nothing durable is found. */
  readonly configured: VoterSet;
  readonly now: number;
  readonly policy: LeasePolicy;
  readonly rules: LeaseRules;
};

/** The first state of a process; the event `start` follows. */
export function startState(start: LeaseStart): LeaseState {
  const { durable, run, now, policy, rules } = start;
  const set = durable?.set ?? start.configured;
  const kept = run !== undefined && rules.trustsRun(run.mustLearn) ? run : undefined;
  const bootedAt = kept?.bootedAt ?? now;
  const mutedUntil = kept?.mutedUntil ?? now + rules.muteMs(set.leaseMsMax);
  const mustLearn = run?.mustLearn ?? rules.mustLearn(durable?.mustLearn ?? true);
  const ceiling = durable?.ceiling ?? 0;
  return {
    self: start.self,
    nonce: start.nonce,
    isWitness: start.isWitness,
    set,
    nextSet: undefined,
    peers: set.voters.map(() => unheardPeer),
    bootedAt,
    suspendedMs: run?.suspendedMs,
    vote: mutedUntil > now || mustLearn ? 'mute' : 'voting',
    mutedUntil,
    mustLearn,
    learntFrom: 0,
    promised: run?.promised ?? rules.restartBallot(ceiling),
    promisedTo: 0,
    promisedPriority: 0,
    promisedUntil: 0,
    ceiling,
    ceilingWanted: ceiling,
    ceilingDueAt: now,
    acceptedEpoch: run?.acceptedEpoch ?? 0,
    acceptedBy: run?.acceptedBy ?? 0,
    acceptedUntil: run?.acceptedUntil ?? 0,
    resigned: run?.resigned ?? 0,
    role: start.isWitness ? 'witness' : 'starting',
    priority: start.priority,
    isHealthy: true,
    mayAct: true,
    isQuarantined: durable?.isQuarantined ?? false,
    position: null,
    // A group that never had a holder has nothing to lag behind; a lost disk knows nothing.
    holderPosition: durable === undefined ? null : durable.wonEpoch === 0 ? 0 : durable.holderPosition,
    ranking: [],
    moves: [],
    movesAt: now,
    seen: Math.max(rules.restartBallot(ceiling), run?.promised ?? 0),
    wonEpoch: durable?.wonEpoch ?? 0,
    contendFrom: Math.max(mutedUntil, run?.acceptedUntil ?? 0),
    contendNotBefore: 0,
    carried: 0,
    isHeir: false,
    pollDueAt: now,
    seq: 0,
    roundSeq: 0,
    ballot: 0,
    yes: 0,
    no: 0,
    rests: [],
    roundEndsAt: 0,
    proposalsLeft: 0,
    roundSentAt: noRounds,
    roundStartedAt: 0,
    renewDueAt: 0,
    advertDueAt: now + policy.advertMs,
    epoch: run?.epoch ?? 0,
    deadline: run?.deadline ?? 0,
    wasRefused: false,
    isLinkUp: true,
    askedBy: 0,
    askedSince: 0,
    askedAt: 0,
    asksWhoIsFitUntil: 0,
    staticEpoch: 0,
    staticUntil: 0,
    resigning: 0,
    heir: 0,
    resignationsLeft: 0,
    resignDueAt: 0,
    guard: 'idle',
    writes: 0,
    writeKey: 0,
    writeDecidedAt: 0,
    writeUntil: 0,
    openUntil: 0,
    mustClose: false,
    announced: 0,
  };
}

/** What the `run` effect writes. */
export const runRecordOf = (state: LeaseState): LeaseRun => ({
  bootedAt: state.bootedAt,
  suspendedMs: state.suspendedMs,
  mutedUntil: state.mutedUntil,
  mustLearn: state.mustLearn,
  promised: state.promised,
  acceptedEpoch: state.acceptedEpoch,
  acceptedBy: state.acceptedBy,
  acceptedUntil: state.acceptedUntil,
  resigned: state.resigned,
  epoch: state.epoch,
  deadline: state.deadline,
});

/** What the `persist` effect fsyncs; the shell hands the same record back in `persisted`. */
export const durableRecordOf = (state: LeaseState): LeaseDurable => ({
  set: state.nextSet ?? state.set,
  ceiling: state.ceilingWanted,
  wonEpoch: state.wonEpoch,
  holderPosition: state.holderPosition,
  isQuarantined: state.isQuarantined,
  mustLearn: state.mustLearn,
});

// The terms of a group: how long a lease is, how ballots are numbered, who comes first. lease.md rules 2, 7, 11, 12.

/** How far two clocks may drift apart from true time, each way. */
export const clockDrift = 0.1;
const ballotsPerMs = 256;
/** Rounds whose send time a holder remembers; with retries every A/8 a lease holds 16. */
export const roundsRemembered = 32;
/** A resignation is sent this often. */
export const resignationsSent = 3;
/** A candidate sends its proposal this often before it gives up. */
export const proposalsSent = 3;

export type NoMajority = 'hold-down' | 'fail-static';

/** What a group's operator chose; durations in ms of the local clock. */
export type LeasePolicy = {
  /** A. */
  readonly advertMs: number;
  /** F: freezes tolerated within one lease. */
  readonly freezeMs: number;
  readonly rttMs: number;
  /** τ: how long an armed guard write may wait. */
  readonly armMs: number;
  /** Skew between two ranks. */
  readonly rankStepMs: number;
  readonly preempts: boolean;
  readonly preemptDelayMs: number;
  readonly noMajority: NoMajority;
  /** Largest replication lag of a candidate; undefined: this group has no replication to judge. */
  readonly lagMax: number | undefined;
  /** Moves away from a living eligible holder allowed within `movesWindowMs`. */
  readonly movesBudget: number;
  readonly movesWindowMs: number;
  /** How far ahead of need the ceiling of promises is made durable. */
  readonly ceilingAheadMs: number;
};

/** The terms that follow from A, F and the round trip. */
export function policyOf(choice: {
  readonly advertMs: number;
  readonly freezeMs?: number;
  readonly rttMs: number;
  readonly noMajority?: NoMajority;
  readonly preempts?: boolean;
  readonly lagMax?: number;
}): LeasePolicy {
  const { advertMs, freezeMs = 0, rttMs, noMajority = 'hold-down', preempts = false, lagMax } = choice;
  const held = holdMsOf(leaseMsOf(advertMs, freezeMs), freezeMs);
  return {
    advertMs,
    freezeMs,
    rttMs,
    armMs: Math.min(20, held / 4),
    rankStepMs: Math.max(10, 2 * rttMs),
    preempts,
    preemptDelayMs: 0,
    noMajority,
    lagMax,
    movesBudget: 4,
    movesWindowMs: 3_600_000,
    ceilingAheadMs: 60_000,
  };
}

/** T = 2.5·A + F/0.8, so that T_h is 2·A in every preset. */
export const leaseMsOf = (advertMs: number, freezeMs: number): number => 2.5 * advertMs + freezeMs / 0.8;
/** T_h = 0.8·T − F: on the slowest clock it still ends before T on the fastest. */
export const holdMsOf = (leaseMs: number, freezeMs: number): number => 0.8 * leaseMs - freezeMs;
export const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1;
/** Between two tries of the same question. */
export const retryMsOf = (policy: LeasePolicy): number => Math.max(2 * policy.rttMs, policy.advertMs / 8);
/** How long a promise to one candidate stands against others, and how long a candidate waits for answers. */
export const promiseMsOf = (policy: LeasePolicy): number => 4 * policy.rttMs;

export const ballotOf = (unixMs: number, voter: number): number => Math.floor(unixMs) * ballotsPerMs + voter;
export const ballotMs = (ballot: number): number => Math.floor(ballot / ballotsPerMs);

/** VRRP's skew, and a step a rank so that two equal members never start together. */
export const skewMs = (policy: LeasePolicy, priority: number, rank: number): number =>
  Math.round(((256 - priority) * policy.advertMs) / 256 + rank * policy.rankStepMs);

/** Higher priority, then lower number. */
export const isBetter = (priority: number, voter: number, thanPriority: number, thanVoter: number): boolean =>
  priority > thanPriority || (priority === thanPriority && voter < thanVoter);

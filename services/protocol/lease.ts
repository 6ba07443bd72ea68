// The peer channel of a lease group: datagrams between voters, and what a voter keeps on disk and in /run.
// Every voter has a number, 1–255, that is never used again within one incarnation of its group. A ballot is one integer,
// milliseconds · 256 + number, so that ballots compare as numbers; an epoch is a ballot that was won. 0 is "none" for both.
// Times are milliseconds of the clock of the process named, since its boot, and mean nothing to another.
import { z } from 'zod';

export const leaseLimits = {
  votersMax: 9,
  /** Recent moves that adverts carry for the damping budget. */
  movesMax: 16,
} as const;

const voterNumber = z.number().int().min(1).max(255);
const ballot = z.number().int().nonnegative();
const durationMs = z.number().nonnegative();

/**
 * The voters of a group and the terms they grant, in one versioned value: (version, epoch) only rises. `epoch` is that of
 * the holder who made it: of two sets of one version, made by a holder and by its successor, the later counts.
 */
export const voterSetSchema = z.object({
  version: z.number().int().positive(),
  epoch: ballot,
  voters: z.array(voterNumber).min(1).max(leaseLimits.votersMax),
  /** T: what a voter grants. */
  leaseMs: durationMs,
  /** M: the largest T this group ever had or is about to have; a rebooted voter is silent for it. Never lowered. */
  leaseMsMax: durationMs,
});
export type VoterSet = z.infer<typeof voterSetSchema>;

/** How a member stands, as adverts repeat it so that each knows its rank. */
export const standingSchema = z.object({ voter: voterNumber, priority: z.number(), isEligible: z.boolean() });
export type Standing = z.infer<typeof standingSchema>;

/** One move of ownership; its age, not its time, because clocks differ. */
export const moveSchema = z.object({ epoch: ballot, to: voterNumber, ageMs: durationMs });
export type Move = z.infer<typeof moveSchema>;

/** What every datagram says of its sender. `heard`: bit i is set when voter i of `set.voters` was heard within 2·A. */
const headShape = {
  from: voterNumber,
  /** Drawn at each start of the process. */
  nonce: z.number().int().positive(),
  seq: z.number().int().nonnegative(),
  sentAt: z.number(),
  set: voterSetSchema,
  heard: z.number().int().nonnegative(),
  /** Effective priority, 0–254; a witness has 0. */
  priority: z.number().min(0).max(254),
  isEligible: z.boolean(),
  /** Replication position; null when unknown, which is never zero. */
  position: z.number().nullable(),
};

/** A question to all voters. `renew` is the advert, `resign` the priority-0 advert; `hello` wants no answer. */
export const leaseRequestSchema = z.object({
  kind: z.enum(['poll', 'prepare', 'propose', 'renew', 'resign', 'hello']),
  ...headShape,
  ballot,
  /** A resignation the sender heard, for voters that missed it; 0: none. */
  resigned: ballot,
  /** In `resign`: who may prepare at once; 0: nobody. */
  heir: z.number().int().min(0).max(255),
  ranking: z.array(standingSchema).max(leaseLimits.votersMax),
  moves: z.array(moveSchema).max(leaseLimits.movesMax),
});
export type LeaseRequest = z.infer<typeof leaseRequestSchema>;

export const refusals = ['none', 'lease', 'promise', 'ballot', 'resigned', 'ceiling', 'version', 'term'] as const;

/** A voter's word on one question; it echoes the nonce and the sequence number of that question. */
export const leaseAnswerSchema = z.object({
  kind: z.enum(['pollAnswer', 'prepareAnswer', 'proposeAnswer', 'renewAnswer']),
  ...headShape,
  echoNonce: z.number().int().positive(),
  echoSeq: z.number().int().nonnegative(),
  ballot,
  isYes: z.boolean(),
  refusal: z.enum(refusals),
  /** The highest ballot the voter knows of, and how long what stands in the way will stand. */
  highest: ballot,
  restMs: durationMs,
  /** The member beside this voter asks the holder to hand over (preemption). */
  asks: z.boolean(),
});
export type LeaseAnswer = z.infer<typeof leaseAnswerSchema>;

export const leaseDatagramSchema = z.union([leaseRequestSchema, leaseAnswerSchema]);
export type LeaseDatagram = z.infer<typeof leaseDatagramSchema>;

/** On disk, fsynced. `ceiling`: no promise was ever given above it; a booting voter starts from it. */
export const leaseDurableSchema = z.object({
  set: voterSetSchema,
  ceiling: ballot,
  /** The highest won epoch seen; hooks and commands below it are refused. */
  wonEpoch: ballot,
  /** The holder's replication position as of the last record; null when unknown. */
  holderPosition: z.number().nullable(),
  isQuarantined: z.boolean(),
  /** State was lost before and no majority has yet said how high ballots had risen. */
  mustLearn: z.boolean(),
});
export type LeaseDurable = z.infer<typeof leaseDurableSchema>;

/** In /run, valid for one boot (the file also carries the boot id). Deadlines are of the node's monotonic clock. */
export const leaseRunSchema = z.object({
  bootedAt: z.number(),
  /** How long the machine had slept when this was written; absent: not known. */
  suspendedMs: z.number().optional(),
  mutedUntil: z.number(),
  mustLearn: z.boolean(),
  promised: ballot,
  acceptedEpoch: ballot,
  acceptedBy: z.number().int().min(0).max(255),
  acceptedUntil: z.number(),
  resigned: ballot,
  /** The epoch held, 0 when none, and its deadline. */
  epoch: ballot,
  deadline: z.number(),
});
export type LeaseRun = z.infer<typeof leaseRunSchema>;

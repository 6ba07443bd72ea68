// What a lease process says of itself over its socket: who owns and why, what happened, and what it can be told.
import { z } from 'zod';
import { instant } from './instant.ts';

const voterNumber = z.number().int().min(1).max(255);
/** Milliseconds of unix time · 256 + number (lease.ts): whoever reads an instant from one relies on its bounds. */
const ballot = z.int().nonnegative();

export const leaseHistoryEntrySchema = z.object({
  /** Counts what happened since the process started, from 1: what is missing between two was forgotten. */
  number: z.number().int().positive(),
  time: instant,
  region: z.string(),
  event: z.string(),
  sentence: z.string(),
  role: z.string(),
  vote: z.string(),
  epoch: ballot,
});
export type LeaseHistoryEntry = z.infer<typeof leaseHistoryEntrySchema>;

/** A row of the machine's table: when it was last taken, and how often since the process started. */
export const leaseReasonSchema = z.object({
  time: instant,
  region: z.string(),
  event: z.string(),
  sentence: z.string(),
  count: z.number().int(),
});
export type LeaseReason = z.infer<typeof leaseReasonSchema>;

export const leasePeerSchema = z.object({
  number: voterNumber,
  node: z.string(),
  endpoint: z.string(),
  isSelf: z.boolean(),
  isWitness: z.boolean(),
  isVoter: z.boolean(),
  /** Age of the last datagram; null: never heard. */
  heardMsAgo: z.number().nullable(),
  hearsUs: z.boolean(),
  priority: z.number(),
  isEligible: z.boolean(),
  rttMs: z.number().nullable(),
  /** Ids of the keys it accepts. */
  keyIds: z.array(z.number()),
  site: z.string().optional(),
  rack: z.string().optional(),
  hypervisor: z.string().optional(),
});

export const leaseGroupStatusSchema = z.object({
  group: z.string(),
  incarnation: z.string(),
  mode: z.enum(['active', 'shadow', 'observe-only', 'witness']),
  self: voterNumber,
  role: z.string(),
  vote: z.string(),
  /** The number of who holds as far as this process knows; null: nobody known. */
  owner: voterNumber.nullable(),
  ownerNode: z.string().nullable(),
  /** The epoch held here, 0 when none, and the highest won epoch seen. */
  epoch: ballot,
  wonEpoch: ballot,
  /** What is left of the own lease in ms; null when none is held. */
  leaseLeftMs: z.number().nullable(),
  priority: z.number(),
  isHealthy: z.boolean(),
  isQuarantined: z.boolean(),
  position: z.number().nullable(),
  set: z.object({ version: z.number(), voters: z.array(voterNumber), leaseMs: z.number(), leaseMsMax: z.number() }),
  terms: z.object({ advertMs: z.number(), freezeMs: z.number(), rttMs: z.number(), holdMs: z.number() }),
  /** When all voters restart at once, and from any healing to one owner, at most. */
  coldStartMs: z.number(),
  healMs: z.number(),
  peers: z.array(leasePeerSchema),
  addresses: z.array(z.string()),
  guard: z.object({
    kind: z.string(),
    state: z.string(),
    /** Left of what was last written; null when nothing is open. */
    openMs: z.number().nullable(),
    refused: z.number(),
    lost: z.number(),
    faults: z.array(z.string()),
  }),
  services: z.array(z.object({ name: z.string(), isUp: z.boolean(), why: z.string(), sinceMs: z.number() })),
  datagrams: z.object({
    taken: z.number(),
    forged: z.number(),
    repeated: z.number(),
    malformed: z.number(),
    challenged: z.number(),
    /** Of a key that is none of ours, of another version of the protocol: refused. */
    otherKey: z.number().default(0),
    otherVersion: z.number().default(0),
  }),
  /** Moves within the window, as adverts tell them, and how many of those away from a living, fit holder may be. */
  damping: z.object({ moves: z.number().int(), budget: z.number().int(), windowMs: z.number() }),
  /** Epochs that were won, by whomever, since the process started. */
  movesSeen: z.number().int(),
  /** The number of the newest entry of the history, 0 when there is none. */
  historyNumber: z.number().int().nonnegative(),
  alarms: z.array(z.string()),
  /** The sentences that explain the present state, the most telling first. */
  why: z.array(z.string()),
});
export type LeaseGroupStatus = z.infer<typeof leaseGroupStatusSchema>;

export const leaseStatusSchema = z.object({
  node: z.string(),
  now: instant,
  /** When the process started: numbers of history entries count from then. */
  startedAt: instant,
  version: z.string(),
  groups: z.array(leaseGroupStatusSchema),
});
export type LeaseStatus = z.infer<typeof leaseStatusSchema>;

export const leaseExplainSchema = z.object({
  group: z.string(),
  now: instant,
  why: z.array(z.string()),
  reasons: z.array(leaseReasonSchema),
});
export const leaseHistorySchema = z.object({
  group: z.string(),
  now: instant,
  entries: z.array(leaseHistoryEntrySchema),
});

/** One line of `/watch`, told as it happens. `startedAt`: as in the status. */
export const leaseWatchLineSchema = z.object({
  group: z.string(),
  incarnation: z.string(),
  startedAt: instant,
  entry: leaseHistoryEntrySchema,
});
export type LeaseWatchLine = z.infer<typeof leaseWatchLineSchema>;

/** What an operator or the agent may tell the process; the answer says which rows were taken. */
export const leaseOrderSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('handOver'), heir: z.number().int().min(0).max(255).optional() }),
  z.strictObject({ kind: z.literal('addVoter'), voter: voterNumber }),
  z.strictObject({ kind: z.literal('removeVoter'), voter: voterNumber }),
  z.strictObject({ kind: z.literal('retime'), leaseMs: z.number().min(25).max(600_000) }),
  z.strictObject({ kind: z.literal('quarantine'), isOn: z.boolean() }),
  z.strictObject({
    kind: z.literal('health'),
    /** Taken from the base priority. */
    penalty: z.number().min(0).max(254).default(0),
    isHealthy: z.boolean(),
    /** Replication position; null when unknown. */
    position: z.number().nullable(),
    isLinkUp: z.boolean().default(true),
  }),
]);
export type LeaseOrder = z.infer<typeof leaseOrderSchema>;
export const leaseOrderAnswerSchema = z.object({
  group: z.string(),
  isDone: z.boolean(),
  sentences: z.array(z.string()),
});

export const preflightCheckSchema = z.object({
  name: z.string(),
  grade: z.enum(['good', 'warning', 'fault', 'unknown']),
  sentence: z.string(),
});
export type PreflightCheck = z.infer<typeof preflightCheckSchema>;
export const preflightSchema = z.object({
  group: z.string(),
  now: instant,
  checks: z.array(preflightCheckSchema),
  /** The slowest round trip (p99) that the group may need after the loss of any one voter; null when too few answer. */
  roundTripMs: z.number().nullable(),
  /** What each kind of cut would do. */
  cuts: z.array(z.object({ cut: z.string(), outcome: z.string() })),
});
export type Preflight = z.infer<typeof preflightSchema>;

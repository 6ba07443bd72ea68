// Failover as control sees it: what agents forward of their lease processes, and the bodies of `/api/v1/failover/…`. A group is
// known by its incarnation, because two clusters may give theirs one name.
import { z } from 'zod';
import { actionAnswerSchema, actionLimits } from './action.ts';
import { instant } from './instant.ts';
import {
  leaseExplainSchema,
  leaseGroupStatusSchema,
  leaseHistoryEntrySchema,
  leaseStatusSchema,
  preflightSchema,
} from './lease-status.ts';

export const failoverLimits = {
  /** How often an agent looks at its lease process; what has not changed is told this much more seldom. */
  lookEveryMs: 1000,
  unchangedEveryMs: 5000,
  /** JSON of one status; 16 groups of 32 voters take less. */
  statusBytesMax: 256 * 1024,
  /** Entries of the history in one message, which is acknowledged before the next. */
  entriesPerMessageMax: 100,
  /** Of the sentence of an entry, in characters; its end is left away. */
  sentenceCharsMax: 1000,
  historyWithinMs: 10_000,
  /** Groups that control remembers, and nodes that speak of one; whoever was not heard for longest is forgotten. */
  groupsMax: 500,
  wordsPerGroupMax: 64,
  /** A preflight measures for up to five seconds. */
  answerWithinMs: 15_000,
  movesDefault: 50,
  movesMax: 200,
  auditDefault: 50,
  auditMax: 200,
} as const;

/** `status` null: the lease process does not answer, and `why` says how. */
export const leaseStatusMessageSchema = z.object({
  node: z.string().min(1).max(255),
  status: leaseStatusSchema.nullable(),
  why: z.string().max(500),
});
export type LeaseStatusMessage = z.infer<typeof leaseStatusMessageSchema>;

const word = z.string().max(64);
const forwardedEntrySchema = leaseHistoryEntrySchema.extend({
  ...{ region: word, event: word, role: word, vote: word },
  sentence: z.string().max(failoverLimits.sentenceCharsMax),
});
export const leaseHistoryMessageSchema = z.object({
  node: z.string().min(1).max(255),
  group: z.string().max(64),
  incarnation: z.uuid(),
  /** Of the process whose entries these are. */
  startedAt: instant,
  entries: z.array(forwardedEntrySchema).max(failoverLimits.entriesPerMessageMax),
});
export type LeaseHistoryMessage = z.infer<typeof leaseHistoryMessageSchema>;

/** What control asks the lease process beside an agent. It only reads, so it is not signed. */
export const leaseQuestionSchema = z.object({ group: z.string().max(64), about: z.enum(['preflight', 'explain']) });
export type LeaseQuestion = z.infer<typeof leaseQuestionSchema>;
export const leaseReplySchema = z.union([
  z.object({ ok: z.literal(true), about: z.literal('preflight'), preflight: preflightSchema }),
  z.object({ ok: z.literal(true), about: z.literal('explain'), explanation: leaseExplainSchema }),
  z.object({ ok: z.literal(false), detail: z.string().max(500) }),
]);
export type LeaseReply = z.infer<typeof leaseReplySchema>;

/** A code and what it speaks of, for every language; `severity` as in the overview's sentence. */
export const failoverSentenceSchema = z.object({
  code: z.enum([
    'owned',
    'owned-without-spare',
    'owned-unheard',
    'shadow',
    'unconfirmed',
    'disputed',
    'electing',
    'unsettled',
    'no-majority',
    'cut-off',
    'nobody-fit',
    'unheard',
  ]),
  severity: z.enum(['ok', 'degraded', 'down', 'unknown']),
  args: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type FailoverSentence = z.infer<typeof failoverSentenceSchema>;

/** Why a member may not hold, or that one is a witness. `detail`: the lease process's own sentence, where there is one. */
export const unfitReasonSchema = z.object({
  code: z.enum(['witness', 'observe-only', 'quarantined', 'service', 'guard', 'not-voting', 'agent', 'silent']),
  detail: z.string(),
});
export type UnfitReason = z.infer<typeof unfitReasonSchema>;

/** What one voter said last, and when control heard it. */
const leaseWordSchema = leaseGroupStatusSchema
  .pick({
    ...{ mode: true, role: true, vote: true, owner: true, ownerNode: true, epoch: true, wonEpoch: true },
    ...{ leaseLeftMs: true, priority: true, isHealthy: true, isQuarantined: true, guard: true, services: true },
    ...{ damping: true, alarms: true, why: true },
  })
  .extend({
    heardAt: instant,
    /** Heard too long ago to be believed, or its lease process does not answer. */
    isStale: z.boolean(),
    /** Why its lease process does not answer; empty when it does. */
    silence: z.string(),
    version: z.string(),
    /** The voter set that it counts answers under. */
    setVersion: z.number(),
  });
export type LeaseWord = z.infer<typeof leaseWordSchema>;

export const failoverVoterSchema = z.object({
  number: z.number(),
  node: z.string(),
  endpoint: z.string(),
  isWitness: z.boolean(),
  /** False: known, and no voter of the set. */
  isVoter: z.boolean(),
  isOwner: z.boolean(),
  site: z.string().optional(),
  rack: z.string().optional(),
  hypervisor: z.string().optional(),
  /** Null: control has never heard it. */
  word: leaseWordSchema.nullable(),
  /** Empty: it may hold. */
  unfit: z.array(unfitReasonSchema),
});
export type FailoverVoter = z.infer<typeof failoverVoterSchema>;

export const failoverGroupSchema = z.object({
  /** The incarnation. */
  id: z.string(),
  group: z.string(),
  sentence: failoverSentenceSchema,
  addresses: z.array(z.string()),
  /** `since`: when the epoch was won, by the clock of who won it. */
  owner: z.object({ node: z.string(), number: z.number(), epoch: z.number(), since: instant }).nullable(),
  /** What was left of the lease when its holder last spoke, of `holdMs`; null when no holder is heard. */
  leaseLeftMs: z.number().nullable(),
  terms: z.object({
    advertMs: z.number(),
    freezeMs: z.number(),
    holdMs: z.number(),
    leaseMs: z.number(),
    leaseMsMax: z.number(),
  }),
  bounds: z.object({ coldStartMs: z.number(), healMs: z.number() }),
  damping: z.object({ moves: z.number(), budget: z.number(), windowMs: z.number() }),
  setVersion: z.number(),
  votes: z.object({
    voters: z.number(),
    /** Heard lately, and voting. */
    heard: z.number(),
    quorum: z.number(),
    /** Of those heard: how many name the owner. */
    agree: z.number(),
  }),
  voters: z.array(failoverVoterSchema),
  /** The sentences of the lease process that knows most: the owner's, else the one heard last. */
  why: z.array(z.string()),
  whyNode: z.string().nullable(),
});
export type FailoverGroup = z.infer<typeof failoverGroupSchema>;

/** `GET /api/v1/failover/groups`, and the live `failover` event. */
export const failoverGroupsSchema = z.object({ now: instant, groups: z.array(failoverGroupSchema) });
/** `GET /api/v1/failover/groups/:group` */
export const failoverGroupAnswerSchema = z.object({ now: instant, group: failoverGroupSchema });

/** One change of ownership, put together from what the old owner and the new one told. */
export const failoverMoveSchema = z.object({
  epoch: z.number(),
  to: z.string(),
  /** When the new owner had won. */
  at: instant,
  /** Who owned before; null when nobody is known. */
  from: z.string().nullable(),
  /** When it gave up, and in its own words why; null when it never told. */
  fromEndedAt: instant.nullable(),
  why: z.string().nullable(),
  /** The new owner's sentence. */
  how: z.string(),
  /** Nobody owned for so long; clocks of nodes may be apart, so it is never below 0. Null when the end is not known. */
  gapMs: z.number().nullable(),
  /**
   * How long the new owner held, or kept the addresses without a majority; null while it does, or when it never told its end and
   * nobody followed. On an older page it is counted up to `before` at most.
   */
  heldMs: z.number().nullable(),
});
export type FailoverMove = z.infer<typeof failoverMoveSchema>;

/** `GET /api/v1/failover/groups/:group/history` */
export const failoverHistoryQuerySchema = z.object({
  before: instant.optional(),
  limit: z.coerce.number().int().min(1).max(failoverLimits.movesMax).default(failoverLimits.movesDefault),
});
/** An entry of a lease process's history with who told it. */
export const toldEntrySchema = leaseHistoryEntrySchema.extend({ node: z.string(), startedAt: instant });
export type ToldEntry = z.infer<typeof toldEntrySchema>;
export const failoverHistorySchema = z.object({
  id: z.string(),
  group: z.string(),
  now: instant,
  /** The newest first. */
  moves: z.array(failoverMoveSchema),
  /** The entries that they were put together from, and all others of that time; the newest first, bounded. */
  entries: z.array(toldEntrySchema),
  /** More stands before this instant. */
  nextBefore: instant.optional(),
});
export type FailoverHistory = z.infer<typeof failoverHistorySchema>;

/** `GET /api/v1/failover/groups/:group/preflight`: what each voter's own process found. */
export const failoverPreflightSchema = z.object({
  id: z.string(),
  group: z.string(),
  now: instant,
  answers: z.array(z.object({ node: z.string(), preflight: preflightSchema.nullable(), silence: z.string() })),
});
export type FailoverPreflight = z.infer<typeof failoverPreflightSchema>;

/** `GET /api/v1/failover/groups/:group/explain`: what each voter's own process decided last, and how often. */
export const failoverExplanationSchema = z.object({
  id: z.string(),
  group: z.string(),
  now: instant,
  answers: z.array(z.object({ node: z.string(), explanation: leaseExplainSchema.nullable(), silence: z.string() })),
});
export type FailoverExplanation = z.infer<typeof failoverExplanationSchema>;

const voter = z.int().min(1).max(255);
/** `POST /api/v1/failover/groups/:group/orders`. `node`: who is told; the owner unless named. */
export const failoverOrderSchema = z.object({
  do: z.discriminatedUnion('order', [
    z.strictObject({ order: z.literal('add-voter'), voter }),
    z.strictObject({ order: z.literal('remove-voter'), voter }),
    z.strictObject({ order: z.literal('retime'), leaseMs: z.number().min(25).max(600_000) }),
  ]),
  node: z.string().min(1).max(255).optional(),
  /** Kept in the record of who did what. */
  reason: z.string().max(500).default(''),
  waitMs: z.int().min(0).max(120_000).default(actionLimits.runMs),
});
export type FailoverOrder = z.infer<typeof failoverOrderSchema>;
/** `output` has the lease process's sentences, one a line. */
export const failoverOrderAnswerSchema = actionAnswerSchema;

/** Who did what: written before the command is sent, and completed when it is answered for. */
export const auditRecordSchema = z.object({
  id: z.string(),
  at: instant,
  /** There is no sign-in yet: whoever has the operator's secret. */
  actor: z.literal('operator'),
  action: z.string(),
  /** What it was done to: a group, and the node that was told. */
  target: z.string(),
  node: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])),
  reason: z.string(),
  /** `asked` until it is answered for. */
  outcome: z.enum(['asked', 'refused', 'taken', 'unknown', 'done', 'failed', 'not-sent']),
  detail: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;
/** `GET /api/v1/audit` */
export const auditQuerySchema = z.object({
  before: instant.optional(),
  limit: z.coerce.number().int().min(1).max(failoverLimits.auditMax).default(failoverLimits.auditDefault),
});
export const auditSchema = z.object({ now: instant, records: z.array(auditRecordSchema) });

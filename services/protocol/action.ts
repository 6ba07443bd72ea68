// What control may ask an agent to do, beyond reading: an action with its parameters, and what became of it. A command that
// carries one is signed (trust.ts); what an agent then executes is for its own allow-list to say.
import { z } from 'zod';
import { instant } from './instant.ts';

/** Terms of a group, in ms (lease-config.ts). */
const leaseMs = z.number().min(25).max(600_000);
const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);

/** Time that a fault may stay on, in seconds; the host mends itself when it is over. */
export const faultTtlSecondsMax = 3600;

export const actionLimits = {
  /** Of what an action printed, this much is handed back: its last part. */
  outputCharsMax: 8192,
  /** An action that takes longer is ended. */
  runMs: 60_000,
  /** Within this an agent says whether it takes a command. */
  acceptMs: 3000,
  /** How long a signed command is good for on its way: acceptance, and clocks that are a little apart. */
  lifeMs: 30_000,
  /** Results that wait at an agent until control has them; the oldest goes first. */
  resultsKeptMax: 64,
  /** Commands that are under way at control. */
  pendingMax: 100,
} as const;

const faultId = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a fault is named like postfix-master-killed');

export const faultActionSchema = z.discriminatedUnion('action', [
  /** Breaks something of the fault library for a time that the host itself enforces. */
  z.strictObject({
    action: z.literal('fault-inject'),
    /** Besides these two: values for the fault's own parameters, by name. */
    parameters: z
      .object({ fault: faultId, ttlSeconds: z.int().min(1).max(faultTtlSecondsMax) })
      .catchall(z.union([z.string().max(64), z.number()])),
  }),
  /** Mends it before its time; does nothing where it is not on. */
  z.strictObject({ action: z.literal('fault-heal'), parameters: z.strictObject({ fault: faultId }) }),
]);
export const actionSchema = z.discriminatedUnion('action', [
  ...faultActionSchema.options,
  /** Tells the lease process of the node, which is to own the group. */
  z.strictObject({
    action: z.literal('lease-order'),
    parameters: z.discriminatedUnion('order', [
      z.strictObject({ order: z.literal('add-voter'), group: groupName, voter: z.int().min(1).max(255) }),
      z.strictObject({ order: z.literal('remove-voter'), group: groupName, voter: z.int().min(1).max(255) }),
      z.strictObject({ order: z.literal('retime'), group: groupName, leaseMs }),
    ]),
  }),
]);
export type Action = z.infer<typeof actionSchema>;
export type LeaseAction = Extract<Action, { action: 'lease-order' }>;
export type FaultAction = Exclude<Action, LeaseAction>;

/** Why an agent does not take a command. */
export const refusalSchema = z.enum([
  'observe-only', // nothing is allowed on this node
  'not-allowed', // not on the allow-list, or for longer than it allows
  'bad-action', // no such action, fault, group or parameter
  'busy', // another action is under way on this node
  'bad-signature',
  'wrong-node',
  'stale-epoch', // signed by a control that has been started anew since
  'reused', // this command was taken before
  'expired', // after its notAfter
  'overloaded', // more commands than an agent remembers
]);
export type Refusal = z.infer<typeof refusalSchema>;

/** Control → agent: `command` with a SignedCommand; the acknowledgement says at once whether it is taken. */
export const commandReplySchema = z.discriminatedUnion('taken', [
  z.object({ taken: z.literal(true) }),
  z.object({ taken: z.literal(false), refusal: refusalSchema, detail: z.string().max(500) }),
]);
export type CommandReply = z.infer<typeof commandReplySchema>;

/** Agent → control: `command-result`, repeated over new connections until it is acknowledged. */
export const actionResultSchema = z.object({
  /** The command's. */
  id: z.string().max(64),
  outcome: z.enum(['done', 'failed']),
  /** For `failed`, why. */
  detail: z.string().max(500),
  output: z.string().max(actionLimits.outputCharsMax),
  startedAt: instant,
  endedAt: instant,
});
export type ActionResult = z.infer<typeof actionResultSchema>;

/**
 * `POST /api/v1/nodes/:node/actions`: an action, and how long the caller waits for its end. Orders to a lease group go to the
 * group's own address, which knows its voters and keeps a record.
 */
export const actionRequestSchema = z.object({
  do: faultActionSchema,
  waitMs: z.int().min(0).max(120_000).default(actionLimits.runMs),
});
/**
 * The answer. `taken`: it had not ended by then, or its result is still on its way. `unknown`: the agent was sent the command and
 * has not said whether it takes it.
 */
export const actionAnswerSchema = z.object({
  id: z.string(),
  node: z.string(),
  state: z.enum(['refused', 'taken', 'unknown', 'done', 'failed']),
  refusal: refusalSchema.optional(),
  detail: z.string(),
  output: z.string(),
});
export type ActionAnswer = z.infer<typeof actionAnswerSchema>;

import { z } from 'zod';

// A fault as data: what breaks it, what mends it, and whose complaint proves that it bites. The texts are shell for the
// host's own root; `service_start NAME` is the one word in them that the executor defines, since hosts start services in
// different ways.

/** What can be broken, in the order in which it is tried. */
export const faultFamilies = [
  'process',
  'disk',
  'memory',
  'cpu',
  'network',
  'dns',
  'tls',
  'database',
  'directory',
  'milter',
  'configuration',
  'queue',
  'limit',
  'provider',
  'security',
  'clock',
  'replication',
  'agent',
] as const;

/** Who notices: each check is something a user or a peer does, carried out against the target from outside. */
export const faultChecks = [
  /** A stranger delivers to a mailbox over port 25 and gets 250. */
  'smtp',
  /** The same, and the message is in the mailbox soon after. */
  'mailbox',
  /** A user submits with a password on port 587. */
  'submission',
  /** A user reads the inbox over IMAP with a verified certificate. */
  'imap',
  'pop3',
  /** A submitted message reaches a willing remote side. */
  'outbound',
  /** … and is signed when it does. */
  'signed',
  /** A delivered message is soon on the other holder of the mailbox. */
  'replication',
  /** A row written on the primary database is soon on the replica. */
  'replica',
  /** An operator asks control about a message that was just taken, and it is known. */
  'trace',
  /** A delivered message bears the time at which it was sent. */
  'time',
  /** Nothing comes into a mailbox that nobody writes to. */
  'quiet',
  /** A stranger may not send through the host to the world. */
  'closed',
] as const;
export type FaultCheck = (typeof faultChecks)[number];

/**
 * One mail host (the first unless named); every database, its primary or replica; the directory; the zones' server; the
 * remote side; the host of the users; one that has no part in mail; control; the router between places.
 */
export const faultTargets = [
  'mail',
  'databases',
  'primary',
  'replica',
  'directory',
  'dns',
  'remote',
  'client',
  'bystander',
  'control',
  'router',
] as const;

/**
 * What a mail host must have for a fault to be possible in it: users in a database, users in a directory, a second holder
 * of its mailboxes; or what its machine must have: control groups of the first version (cgroups(7)).
 */
export const faultNeeds = ['database', 'directory', 'peer', 'cgroups'] as const;

const idSchema = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);
/** Nothing of it means anything to a shell. */
export const parameterValueSchema = z.string().regex(/^[A-Za-z0-9.:@_-]{1,64}$/, 'letters, digits and . : @ _ - only');

const actSchema = z.strictObject({
  id: idSchema,
  title: z.string(),
  target: z.enum(faultTargets),
  needs: z.enum(faultNeeds).optional(),
  /** What breaks is what the host's agent stands on: whoever has another way into the host takes that. */
  pastAgent: z.literal(true).optional(),
  /** Name → what it is unless the executor is told otherwise. The texts see each as a shell variable of that name. */
  parameters: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), parameterValueSchema).optional(),
  inject: z.string().min(1),
  /** Safe to run twice, and when the injection stopped half-way. */
  heal: z.string().min(1),
});

export const faultSchema = actSchema.extend({
  family: z.enum(faultFamilies),
  bites: z.strictObject({
    check: z.enum(faultChecks),
    /** Words the complaint must hold, where another cause could break the same check. */
    shows: z.instanceof(RegExp).optional(),
  }),
  /** Ids of failure modes that are a right diagnosis. None where the catalogue has no such mode: then "unknown" is right. */
  failureModes: z.array(z.string()),
  /** Other faults that look alike from outside. */
  lookalikes: z.array(idSchema),
});
export type Fault = z.infer<typeof faultSchema>;

/** Something that happens every day and must not be taken for a fault: while it is on, `steady` checks go on holding. */
export const benignSchema = actSchema.extend({ steady: z.array(z.enum(faultChecks)).min(1) });
export type BenignEvent = z.infer<typeof benignSchema>;

/** What can be injected and healed: a fault, or a benign event. */
export type Injectable = Fault | BenignEvent;

/** A fault that this kind of lab cannot make, and why; it does not count. */
export type ImpossibleFault = { readonly id: string; readonly family: Fault['family']; readonly reason: string };

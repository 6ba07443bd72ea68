import { z } from 'zod';

// A fault as data: what breaks it, what mends it, and whose complaint proves that it bites. The texts are shell for the
// host's own root; `service_start NAME` is the one word in them that the executor defines, since hosts start services in
// different ways.

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
] as const;

export const faultTargets = ['mail', 'databases', 'primary', 'replica', 'dns', 'remote'] as const;

export const faultSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  family: z.string(),
  title: z.string(),
  /** One mail host (the first unless named), every database, its primary or replica, the zones' server, the remote side. */
  target: z.enum(faultTargets),
  inject: z.string().min(1),
  /** Safe to run twice, and when the injection stopped half-way. */
  heal: z.string().min(1),
  bites: z.strictObject({
    check: z.enum(faultChecks),
    /** Words the complaint must hold, where another cause could break the same check. */
    shows: z.instanceof(RegExp).optional(),
  }),
  /** Ids of failure modes that are a right diagnosis. */
  failureModes: z.array(z.string()).min(1),
  /** Other faults that look alike from outside. */
  lookalikes: z.array(z.string()),
});
export type Fault = z.infer<typeof faultSchema>;
/** A fault that this kind of lab cannot make, and why; it does not count. */
export type ImpossibleFault = { readonly id: string; readonly family: string; readonly reason: string };

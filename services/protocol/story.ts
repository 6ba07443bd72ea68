import { z } from 'zod';
import { instant } from './instant.ts';

/** The last word on one recipient, or on a whole message. */
export const fateSchema = z.enum([
  'in-transit', // no delivery attempt seen yet
  'delivered', // a mailbox or a remote host took it
  'deferred', // tried, and will be tried again
  'bounced', // refused for good, the sender gets a notice
  'expired', // given up after the queue's lifetime
  'rejected', // refused before we took it
  'discarded', // taken and dropped by a rule, a filter or a sieve script
  'held', // waits for an operator
]);
export type Fate = z.infer<typeof fateSchema>;

export const relaySchema = z.object({
  host: z.string().optional(),
  ip: z.string().optional(),
  port: z.number().optional(),
});

/** One delivery attempt for one recipient in one leg. Seconds as Postfix prints them. */
export const attemptSchema = z.object({
  time: instant,
  to: z.string(),
  origTo: z.string().optional(),
  service: z.string().optional(),
  relay: relaySchema.optional(),
  delay: z.number().optional(),
  delays: z
    .object({ beforeQmgr: z.number(), qmgr: z.number(), connection: z.number(), transmission: z.number() })
    .optional(),
  dsn: z.string().optional(),
  status: z.string(),
  reason: z.string().optional(),
  /** The queue id under which the next hop took it, where its reply says so. */
  nextQueueId: z.string().optional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** The life of the message under one queue id on one node: one lane of the story view. */
export const legSchema = z.object({
  node: z.string(),
  host: z.string().optional(),
  instance: z.string(),
  /** Absent for a message refused before it had a queue id, and for a mailbox-side leg (Dovecot). */
  queueId: z.string().optional(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  /** When qmgr took it in, and when it was removed. */
  queuedAt: instant.optional(),
  removedAt: instant.optional(),
  role: z.enum([
    'smtp-in',
    'submission',
    'pickup',
    'reinjected',
    'forwarded',
    'notice',
    'refused',
    'mailbox',
    'unknown',
  ]),
  from: z.string().optional(),
  clientHost: z.string().optional(),
  clientIp: z.string().optional(),
  helo: z.string().optional(),
  saslUser: z.string().optional(),
  saslMethod: z.string().optional(),
  tlsProtocol: z.string().optional(),
  size: z.number().optional(),
  nrcpt: z.number().optional(),
  attempts: z.array(attemptSchema),
  /** How many attempts were left out of `attempts` because of its bound; their fate is still in `recipients`. */
  attemptsOmitted: z.number().optional(),
});
export type Leg = z.infer<typeof legSchema>;

/** What became of the message for one final recipient, over all legs. */
export const recipientSchema = z.object({
  to: z.string(),
  origTo: z.string().optional(),
  fate: fateSchema,
  time: instant,
  dsn: z.string().optional(),
  /** The reply or the words of the delivery agent. */
  reason: z.string().optional(),
  /** Where it went: the relay host, or the mailbox that a Dovecot delivery or sieve script chose. */
  relay: z.string().optional(),
  mailbox: z.string().optional(),
  /** What a sieve script did: `fileinto`, `discard`, `redirect`, `reject`, `vacation`. */
  sieve: z.string().optional(),
  attempts: z.number(),
});
export type Recipient = z.infer<typeof recipientSchema>;

/** The journey of one message. */
export const storySchema = z.object({
  id: z.string(),
  messageId: z.string().optional(),
  traceId: z.string().optional(),
  from: z.string().optional(),
  size: z.number().optional(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  fate: fateSchema,
  /** False while a leg still stands in a queue: more may come. */
  closed: z.boolean(),
  legs: z.array(legSchema),
  recipients: z.array(recipientSchema),
  recipientsOmitted: z.number().optional(),
  /** The story this one is a notice about (a bounce), and the notice that was made of this one. */
  noticeOf: z.string().optional(),
  notices: z.array(z.string()).optional(),
});
export type Story = z.infer<typeof storySchema>;

/** One row of a list of stories. */
export const storySummarySchema = z.object({
  id: z.string(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  fate: fateSchema,
  closed: z.boolean(),
  messageId: z.string().optional(),
  queueIds: z.array(z.string()),
  from: z.string().optional(),
  /** The first recipients; `recipientCount` is the whole number. */
  to: z.array(z.string()),
  recipientCount: z.number(),
  size: z.number().optional(),
  nodes: z.array(z.string()),
  /** The deciding reply or reason, shortened. */
  reason: z.string().optional(),
});
export type StorySummary = z.infer<typeof storySummarySchema>;

/** A raw line of a story, with the leg it belongs to (index into `legs`, absent where none). */
export const storyLineSchema = z.object({
  node: z.string(),
  time: instant,
  text: z.string(),
  kind: z.string(),
  leg: z.number().optional(),
});
export type StoryLine = z.infer<typeof storyLineSchema>;

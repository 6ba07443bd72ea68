// Glossary of the mail side.
//   event     one log line, understood: who said it (host, program, pid), about what (queue id), and what it says
//   leg       the life of one message in one queue: from the moment a queue id is given until the id is removed
//   story     the journey of one message: its legs over filters, hops and nodes, and the fate of each recipient
//   source    one stream of log lines with byte offsets: a file under its fingerprint, a journal, a socket
//   node      a machine that an agent runs on; `host` is what a line's own header says, and may differ
//   instance  the Postfix instance: the syslog_name of its main.cf, `postfix` where nothing else is set
import { z } from 'zod';
import { instant } from './instant.ts';

/** What a line is about. `unparsed` keeps the line and is counted; it is never dropped. */
export const eventKindSchema = z.enum([
  // a client talks to us
  'connect',
  'disconnect',
  'client', // smtpd: `QID: client=…`, a message begins
  'pickup', // pickup: `QID: uid=… from=…`, a local message begins
  'reject', // a client, sender, recipient or content was refused (NOQUEUE or with a queue id, milter and header checks too)
  'connection-lost', // lost connection, timeout, connection reset, too many errors, improper pipelining, …
  'limit', // a configured limit was hit: connection rate, concurrency, message rate, process limit, per-user connections
  'postscreen', // PASS, HANGUP, PREGREET, DNSBL, BLACKLISTED, WHITELISTED, … (see `action`)
  'dnsbl', // dnsblog: addr … listed by domain …
  'tls', // a TLS connection was established, or the library complains
  'auth-success',
  'auth-failure',
  // a message moves
  'message-id',
  'header', // a header_checks INFO/WARN line; `traceId` where it shows a traceparent
  'queued', // qmgr: `from=<…>, size=…, nrcpt=… (queue active)`
  'delivery', // `to=<…>, relay=…, delay=…, status=…`
  'bounce-notice', // bounce: a notice was made; `nextQueueId` is its queue id
  'removed',
  'expired', // qmgr: `status=expired, returned to sender` or `force-expired`
  'hold',
  'discard',
  'redirect',
  'filter', // an access table or milter sent the message to a filter
  'policy', // policy service or other access-table side action (WARN, PREPEND, BCC, DUNNO logged)
  'milter', // a milter line that rejects nothing
  'verdict', // a content filter or sender check judged a message, see `action` and `counters`
  // mailbox side
  'login',
  'logout', // counters in `counters`
  'mailbox-delivery', // lmtp or lda: saved mail to …, or why not
  'sieve', // an action of a sieve script, see `action`
  'mailbox-action', // mail_log plugin: delete, undelete, expunge, save, copy, mailbox_create …, see `action`
  'replication',
  // the daemons themselves
  'lifecycle', // start, stop, reload, refresh, daemon versions
  'statistics',
  'info',
  'warning',
  'error',
  'fatal',
  'panic',
  'unparsed',
]);
export type EventKind = z.infer<typeof eventKindSchema>;

export const severitySchema = z.enum(['debug', 'info', 'warning', 'error', 'fatal', 'panic']);
export type Severity = z.infer<typeof severitySchema>;

/**
 * How far a time can be trusted: `exact` (the line states year and zone), `zone-assumed` (year stated, zone from the
 * source), `year-assumed` (RFC 3164: both inferred), `none` (no usable time in the line; the time of arrival stands in).
 */
export const timeConfidenceSchema = z.enum(['exact', 'zone-assumed', 'year-assumed', 'none']);
export type TimeConfidence = z.infer<typeof timeConfidenceSchema>;

const text = z.string().optional();
const count = z.number().optional();

/**
 * One line, understood. Every field is absent when the line does not say it; nothing is guessed. All strings are as the
 * line has them (control characters are escaped where people see them, not here). Numbers in seconds are Postfix's own
 * unit (`delay`, `delays`), everything in milliseconds says so; `time` is an instant (instant.ts).
 */
export const mailEventSchema = z.object({
  time: instant,
  timeConfidence: timeConfidenceSchema,
  host: text,
  /** As the line's tag says it, without the pid: `postfix/submission/smtpd`, `postfix-out/smtp`, `dovecot`. */
  program: text,
  /** `postfix`, `dovecot`, and so on; absent when the line does not tell. */
  software: text,
  /** The daemon at work: `smtpd`, `qmgr`, `imap-login`, `lmtp`. */
  service: text,
  /** Postfix instance (syslog_name), e.g. `postfix` or `postfix-out`. */
  instance: text,
  pid: count,
  kind: eventKindSchema,
  severity: severitySchema.optional(),
  /** `NOQUEUE` where Postfix says so: refused before there was a queue id. */
  queueId: text,
  /** The queue id that the message, or a notice about it, goes on under: `queued as …`, `forwarded as …`, a bounce notice. */
  nextQueueId: text,
  /** The queue id that the message had before: what a filter handed back (XFORWARD IDENT), or what was requeued. */
  origQueueId: text,
  messageId: text,
  from: text,
  to: text,
  origTo: text,
  /**
   * Where it was sent. `host` is `none` when no connection was made, and the transport's name (`local`, `virtual`, `dovecot`) when
   * there is none; `service` is the socket's path where the line has one in place of an address.
   */
  relay: z.object({ host: text, ip: text, port: count, service: text }).optional(),
  delay: count,
  delays: z
    .object({ beforeQmgr: z.number(), qmgr: z.number(), connection: z.number(), transmission: z.number() })
    .optional(),
  dsn: text,
  status: text,
  reason: text,
  clientHost: text,
  clientIp: text,
  clientPort: count,
  helo: text,
  saslMethod: text,
  saslUser: text,
  size: count,
  nrcpt: count,
  tls: z.object({ protocol: text, cipher: text, bits: count, trust: text }).optional(),
  /** The mailbox owner or account, as Dovecot and local deliveries name it. */
  user: text,
  sessionId: text,
  /** An attempt to do what is not allowed: failed authentication, relay attempt, protocol abuse, listed client. */
  securityEvent: z.boolean().optional(),
  reply: z.object({ code: count, enhanced: text }).optional(),
  traceId: text,
  /** What was done, for kinds that cover several acts: a mail_log verb, a sieve act, a postscreen verdict. */
  action: text,
  mailbox: text,
  /** Session counters of a logout, as named in the line (`in`, `out`, `deleted`, …), and statistics values. */
  counters: z.record(z.string(), z.number()).optional(),
  /** Lines that the log daemon says it dropped, or merged into this one. */
  suppressed: count,
});
type MailEventOut = z.infer<typeof mailEventSchema>;
/** See {@link mailEventSchema}. `undefined` means absent: a parser keeps one object shape for speed. */
export type MailEvent = { -readonly [K in keyof MailEventOut]: MailEventOut[K] };

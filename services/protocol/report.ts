// Bodies of `/api/v1/reports`: what mail did over an interval, in totals that are exact and tables that are bounded.
import { z } from 'zod';
import { completenessSchema } from './completeness.ts';
import { domainScope } from './domain.ts';
import { instant } from './instant.ts';
import { timeZoneName } from './time-zone.ts';

export const reportLimits = {
  /** Rows that a table lists, and what a caller gets who asks for none. */
  rowsMax: 1_000,
  rowsDefault: 20,
  /** The longest interval of one report. */
  spanMsMax: 32 * 86_400_000,
} as const;

/**
 * A table of names: `rows` are the first by count (tables with several counts go by all of them), the sum of the rest in `other`, so that rows and `other` add up
 * to the whole. `names` counts the distinct names; with `atLeast` there were more than are held, and then names that were
 * set aside while they were rare may be listed with too low a count.
 */
const tableOf = <T extends z.ZodRawShape>(columns: T) =>
  z.object({
    rows: z.array(z.object({ name: z.string(), ...columns })),
    other: z.object(columns),
    names: z.number(),
    atLeast: z.boolean(),
  });

const count = z.number();
const countTable = tableOf({ count });
/** Messages that came in, or that a recipient got; bytes as qmgr(8) states the size. */
const mailTable = tableOf({ messages: count, bytes: count });
/** Outcomes for recipients: deferrals count attempts. Delays are of what was delivered: their sum and the longest. */
const deliveryTable = tableOf({
  delivered: count,
  bytes: count,
  deferred: count,
  bounced: count,
  delayMs: count,
  delayMaxMs: count,
});
const clientTable = tableOf({ messages: count, bytes: count, rejected: count });

/** One hour or day: messages received, recipients delivered, attempts deferred, recipients bounced, commands rejected. */
const trafficColumns = { received: count, delivered: count, deferred: count, bounced: count, rejected: count };

export const reportTotalsSchema = z.object({
  lines: count,
  unparsed: count,
  /** Messages taken in over SMTP or by pickup(8); what a filter of the same machine hands back is the same message. */
  received: count,
  /** Recipients delivered to, here or at the next host. */
  delivered: count,
  /** Recipients that local(8) sent on to another address. */
  forwarded: count,
  /** Deliveries to a filter of the same machine: steps, no outcomes. */
  filtered: count,
  /** Messages put off at least once, and the attempts that put them off. */
  deferred: count,
  deferrals: count,
  /** Recipients refused for good. */
  bounced: count,
  /** Messages given up after the queue's lifetime. */
  expired: count,
  rejected: count,
  rejectWarnings: count,
  held: count,
  discarded: count,
  bytesReceived: count,
  bytesDelivered: count,
  /** Deliveries of messages whose size stands before the first line that was read. */
  deliveredWithoutSize: count,
  senders: count,
  sendingDomains: count,
  recipients: count,
  recipientDomains: count,
  authFailures: count,
  warnings: count,
  errors: count,
  fatals: count,
  panics: count,
});
export type ReportTotals = z.infer<typeof reportTotalsSchema>;

export const reportSchema = z.object({
  /** The interval that was asked for; absent where it is open. */
  since: instant.optional(),
  until: instant.optional(),
  /** Times of the first and last line that counted. */
  firstAt: instant.optional(),
  lastAt: instant.optional(),
  /** IANA zone of the days and hours. */
  timeZone: z.string(),
  /** Only mail from or to this domain counts; what no domain can be told of (warnings, statistics) is left out then. */
  domain: z.string().optional(),
  totals: reportTotalsSchema,
  /** Named `2026-11-22`, in their order; and the 24 hours of the day over all days. */
  byDay: tableOf(trafficColumns),
  byHour: z.array(z.object(trafficColumns)),
  providers: deliveryTable,
  domains: deliveryTable,
  senders: mailTable,
  sendingDomains: mailTable,
  recipients: mailTable,
  clients: clientTable,
  saslUsers: mailTable,
  rejectReasons: countTable,
  rejectWarningReasons: countTable,
  deferralReasons: countTable,
  bounceReasons: countTable,
  heldReasons: countTable,
  discardReasons: countTable,
  authFailuresByUser: countTable,
  authFailuresByAddress: countTable,
  warnings: countTable,
  /** Errors, fatals and panics. */
  failures: countTable,
});
export type Report = z.infer<typeof reportSchema>;

/** `GET /api/v1/reports`; the last 24 hours unless told otherwise. */
export const reportQuerySchema = z.object({
  since: instant.optional(),
  until: instant.optional(),
  domain: domainScope.optional(),
  timeZone: timeZoneName.optional(),
  rows: z.coerce.number().int().min(1).max(reportLimits.rowsMax).optional(),
});

export const reportAnswerSchema = z.object({ report: reportSchema, completeness: completenessSchema });

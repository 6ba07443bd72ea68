// One table of what is kept for how long. Three duties pull apart: the law asks for logs of six months at least, privacy for
// personal data of 180 days at most, accountability for two years of who did what. Each is met by a class of its own.
import { validate } from 'node-cron';
import { z } from 'zod';
import type { RetentionClass, RetentionRule } from '../protocol/retention.ts';

type Row = Omit<RetentionRule, 'class' | 'keptDays'> & { readonly daysDefault: number };

/** Days are of 24 hours. Six months are 181 to 184 days, two years up to 731. */
export const retentionTable = {
  lines: {
    holds: 'Raw log lines, and figures by the minute. Nothing finds a person in them once the stories are gone.',
    daysDefault: 184,
    daysMin: 184,
    daysMax: 3_650,
    reason: 'Logs are kept for six months at least, which are up to 184 days.',
  },
  stories: {
    holds: 'Stories of messages with their addresses, the index that finds them, and names in reports.',
    daysDefault: 180,
    daysMin: 1,
    daysMax: 180,
    reason: 'Data that was drawn from the log and names persons is kept for 180 days at most.',
  },
  samplesRaw: {
    holds: 'Samples of metrics as they came.',
    daysDefault: 2,
    daysMin: 1,
    daysMax: 14,
    reason: 'Samples that an agent held back may come hours late; beyond two weeks, minutes tell as much.',
  },
  samplesMinute: {
    holds: 'Metrics by the minute.',
    daysDefault: 3,
    daysMin: 2,
    daysMax: 62,
    reason: 'They outlive the samples that they sum up, and take most of the disk.',
  },
  samplesFiveMinutes: {
    holds: 'Metrics by five minutes.',
    daysDefault: 14,
    daysMin: 7,
    daysMax: 366,
    reason: 'They outlive the minutes that they sum up.',
  },
  samplesHour: {
    holds: 'Metrics by the hour.',
    daysDefault: 400,
    daysMin: 92,
    daysMax: 3_650,
    reason: 'A threshold learns from the same hours of the last twelve weeks.',
  },
  failoverHistory: {
    holds: 'What lease groups did: moves of addresses, and what each voter says of them. At most 500,000 entries.',
    daysDefault: 400,
    daysMin: 31,
    daysMax: 3_650,
    reason: 'A year is compared with the one before; a month is the least that an incident is looked into.',
  },
  auditActors: {
    holds: 'Who had lease groups changed, why, and what came of it.',
    daysDefault: 1_096,
    daysMin: 731,
    daysMax: 3_653,
    reason: 'Operations stay traceable for two years at least, which are up to 731 days.',
  },
} as const satisfies Record<RetentionClass, Row>;

const daysOf = (name: RetentionClass) => {
  const { daysDefault, daysMin, daysMax, reason } = retentionTable[name];
  const message = `${daysMin} to ${daysMax} days: ${reason}`;
  return z.number({ error: message }).int(message).min(daysMin, message).max(daysMax, message).default(daysDefault);
};

/** A store smaller than this would begin to forget within its first day. */
export const storeBytesMin = 256 * 1024 * 1024;

/** The `retention` part of control's configuration. */
export const retentionConfigSchema = z.strictObject({
  linesDays: daysOf('lines'),
  storiesDays: daysOf('stories'),
  samplesRawDays: daysOf('samplesRaw'),
  samplesMinuteDays: daysOf('samplesMinute'),
  samplesFiveMinutesDays: daysOf('samplesFiveMinutes'),
  samplesHourDays: daysOf('samplesHour'),
  failoverHistoryDays: daysOf('failoverHistory'),
  auditActorsDays: daysOf('auditActors'),
  /** When, in cron's notation and the machine's time zone. */
  at: z
    .string()
    .refine(validate, { error: 'A cron expression is expected, as 17 3 * * * for every day at 03:17' })
    .default('17 3 * * *'),
  /** Above this the oldest lines and stories are removed before their time, and a warning is said; no bound unless given. */
  bytesMax: z.number().int().min(storeBytesMin, `At least ${storeBytesMin} bytes`).optional(),
});
export type RetentionConfig = z.infer<typeof retentionConfigSchema>;

/** The table as this configuration has it. */
export function describeRetention(config: RetentionConfig): RetentionRule[] {
  return (Object.keys(retentionTable) as RetentionClass[]).map((name) => {
    const { holds, daysMin, daysMax, reason } = retentionTable[name];
    return { class: name, holds, keptDays: config[`${name}Days`], daysMin, daysMax, reason };
  });
}

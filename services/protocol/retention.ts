// How long each class of data is kept, and what was removed: `GET /api/v1/retention`.
import { z } from 'zod';
import { instant } from './instant.ts';

/** Removals that a store remembers, and that one answer lists. */
export const removalLimits = { keptMax: 10_000, listedMax: 500 } as const;

export const retentionClassSchema = z.enum([
  'lines',
  'stories',
  'samplesRaw',
  'samplesMinute',
  'samplesFiveMinutes',
  'samplesHour',
  'failoverHistory',
  'auditActors',
]);
export type RetentionClass = z.infer<typeof retentionClassSchema>;

/** `age`: it was older than its class may be. `size`: the store was larger than its bound, and this was the oldest. */
export const removalSchema = z.object({
  class: retentionClassSchema,
  why: z.enum(['age', 'size']),
  /** Of the data that was removed: its oldest and its newest instant. */
  since: instant,
  until: instant,
  /** Lines, stories, or rows of samples. */
  rows: z.number(),
  /** As stored, which is compressed. */
  bytes: z.number(),
  /** When it was removed. */
  at: instant,
});
export type Removal = z.infer<typeof removalSchema>;

/** What one store has to say: its size now, and its removals, the newest first. */
export type StoreRemovals = { readonly bytes: number; readonly removals: readonly Removal[] };

/** One row of the table of classes. */
export const retentionRuleSchema = z.object({
  class: retentionClassSchema,
  /** What it is, and how long it is kept by this configuration. */
  holds: z.string(),
  keptDays: z.number(),
  /** What the configuration may say, and why no less or no more. */
  daysMin: z.number(),
  daysMax: z.number(),
  reason: z.string(),
});
export type RetentionRule = z.infer<typeof retentionRuleSchema>;

/** `GET /api/v1/retention`. `at` is a cron expression in the zone of control's machine. */
export const retentionAnswerSchema = z.object({
  table: z.array(retentionRuleSchema),
  at: z.string(),
  /** Used bytes of the store of lines and stories, and of the store of samples. */
  storeBytes: z.number(),
  seriesBytes: z.number(),
  /** Used bytes of the store of what lease groups did and who did what. */
  stateBytes: z.number(),
  /** Above this the oldest lines and stories are removed before their time. */
  bytesMax: z.number().optional(),
  /** What an operator should know, in whole sentences. */
  warnings: z.array(z.string()),
  /** The newest first. */
  removals: z.array(removalSchema),
});
export type RetentionAnswer = z.infer<typeof retentionAnswerSchema>;

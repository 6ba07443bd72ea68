import { z } from 'zod';
import { instant } from './instant.ts';

/** How many gaps of one source an answer names at most; `gapBytes` counts them all. */
export const gapsMax = 100;

/**
 * How whole the log of one source is over an interval. `complete`: every byte between the first and the last offset is
 * stored once. `gap`: bytes are missing. `suppressed`: the system's own log daemon said that it dropped messages before
 * anybody could read them. `unknown`: nothing was heard from the source in the interval.
 */
export const sourceCompletenessSchema = z.object({
  node: z.string(),
  sourceId: z.string(),
  path: z.string(),
  state: z.enum(['complete', 'gap', 'suppressed', 'unknown']),
  lines: z.number(),
  gapBytes: z.number(),
  suppressedMessages: z.number(),
  duplicateBatches: z.number(),
  unparsedLines: z.number(),
  lastOffset: z.number(),
  lastSeenAt: instant,
  /** Where in the interval lines are missing, as far as the times beside each gap tell; the newest `gapsMax` of them. */
  gaps: z.array(z.object({ since: instant, until: instant, bytes: z.number() })).optional(),
});
export type SourceCompleteness = z.infer<typeof sourceCompletenessSchema>;

/** The same for everything that an answer was drawn from. `sentence` says it in words ("Complete." or what is missing). */
export const completenessSchema = z.object({
  since: instant,
  until: instant,
  complete: z.boolean(),
  /** Present when what came before this instant was removed by retention: that is no gap, and nothing was lost. */
  removedUntil: instant.optional(),
  sentence: z.string(),
  sources: z.array(sourceCompletenessSchema),
});
export type Completeness = z.infer<typeof completenessSchema>;

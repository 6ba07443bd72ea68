// Body of `/api/v1/unparsed`: the lines that nobody understands, grouped by what stays the same in them.
import { z } from 'zod';
import { completenessSchema } from './completeness.ts';
import { instant } from './instant.ts';

export const unparsedLimits = { clustersDefault: 20, clustersMax: 200, spanMsMax: 31 * 86_400_000 } as const;

export const unparsedClusterSchema = z.object({
  /** As the lines' tag says it; empty where they have none. */
  program: z.string(),
  count: z.number(),
  /** What the lines have in common; `<addr>`, `<ip>`, `<num>`, `<id>` and `<*>` stand for what differs or is about somebody. */
  template: z.string(),
  /** One of the lines, as it came. */
  example: z.string(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  /** A regular expression (ECMAScript) for the text behind the header, which reads every line that was tried. */
  pattern: z.string().optional(),
});
export type UnparsedCluster = z.infer<typeof unparsedClusterSchema>;

export const unparsedSchema = z.object({
  /** All lines of the interval that are not understood: those of the clusters, and `otherLines` of smaller ones. */
  lines: z.number(),
  clusters: z.array(unparsedClusterSchema),
  otherLines: z.number(),
  /** Of these, lines that came when as many clusters as are kept were there. */
  ungroupedLines: z.number(),
  /** Whether the interval holds more than one answer looks at: then every count is of what was looked at, and too low. */
  cut: z.boolean(),
});
export type Unparsed = z.infer<typeof unparsedSchema>;

/** `GET /api/v1/unparsed`; the last 24 hours unless told otherwise. */
export const unparsedQuerySchema = z.object({
  since: instant.optional(),
  until: instant.optional(),
  clusters: z.coerce.number().int().min(1).max(unparsedLimits.clustersMax).optional(),
});

export const unparsedAnswerSchema = z.object({ unparsed: unparsedSchema, completeness: completenessSchema });

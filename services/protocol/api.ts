// Bodies of `/api/v1/…`. Instants are ISO 8601 UTC on the wire, see instant.ts.
import { z } from 'zod';
import { completenessSchema } from './completeness.ts';
import { domainScope } from './domain.ts';
import { instant } from './instant.ts';
import { nodeStateSchema } from './live.ts';
import { fateSchema, storyLineSchema, storySchema, storySummarySchema } from './story.ts';

export const pageLimits = {
  storiesMax: 200,
  storiesDefault: 50,
  storiesCountedMax: 10_000,
  queryBytesMax: 1024,
} as const;

/**
 * `GET /api/v1/stories`. `q` is what a person types: a queue id, a message id (with or without <>), an address, a domain
 * (`@example.org` or `example.org`), a trace id, a day, minute or second (`2026-11-22`, `2026-11-22T10:00`, with a zone or in
 * UTC), or words joined by spaces that must all match (`from:a@b to:@c fate:bounced
 * node:mx1`). Newest first. With `domain`, of a message from elsewhere only the recipients there are shown and judged.
 */
export const storyQuerySchema = z.object({
  q: z.string().max(pageLimits.queryBytesMax).optional(),
  fate: fateSchema.optional(),
  node: z.string().optional(),
  domain: domainScope.optional(),
  since: instant.optional(),
  until: instant.optional(),
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(pageLimits.storiesMax).optional(),
});
export type StoryQuery = z.infer<typeof storyQuerySchema>;

export const storyPageSchema = z.object({
  items: z.array(storySummarySchema),
  nextCursor: z.string().optional(),
  completeness: completenessSchema,
});
export type StoryPage = z.infer<typeof storyPageSchema>;

/** `GET /api/v1/stories/:id` */
export const storyDetailSchema = z.object({
  story: storySchema,
  lines: z.array(storyLineSchema),
  linesOmitted: z.number(),
  completeness: completenessSchema,
});
export type StoryDetail = z.infer<typeof storyDetailSchema>;

/** Counts of one step of time. `accepted` counts messages taken in, the rest count recipients' outcomes. */
export const flowPointSchema = z.object({
  time: instant,
  lines: z.number(),
  accepted: z.number(),
  delivered: z.number(),
  deferred: z.number(),
  bounced: z.number(),
  rejected: z.number(),
  /** Age of the oldest message that stood in a queue at the end of the step, where the store keeps it. */
  oldestQueuedMs: z.number().optional(),
});
export type FlowPoint = z.infer<typeof flowPointSchema>;

/** `countedSince`: the domain has more messages than one answer counts; those that began before this instant are left out. */
export const flowScopeSchema = z.object({ domain: z.string(), countedSince: instant.optional() });

/** A count that stops at a bound. */
export const boundedCountSchema = z.object({ count: z.number(), atLeast: z.boolean() });
export type BoundedCount = z.infer<typeof boundedCountSchema>;

/** `GET /api/v1/overview?windowMs=…` and the live `overview` event. */
export const overviewSchema = z.object({
  now: instant,
  windowMs: z.number(),
  stepMs: z.number(),
  /** The state of mail in one sentence, and its severity. */
  sentence: z.object({
    code: z.string(),
    severity: z.enum(['ok', 'degraded', 'down', 'unknown']),
    args: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
  nodes: z.array(nodeStateSchema),
  /** Present when the figures are of one domain's mail: `flow`, `totals`, `messages` and the queue. The rest is of all mail. */
  scope: flowScopeSchema.optional(),
  flow: z.array(flowPointSchema),
  /** Per node, the same steps. */
  flowByNode: z.record(z.string(), z.array(flowPointSchema)),
  totals: z.object({
    accepted: z.number(),
    delivered: z.number(),
    deferred: z.number(),
    bounced: z.number(),
    rejected: z.number(),
  }),
  /** Messages that began in the window and are put off as it stands: what `/stories?fate=deferred` lists. */
  messages: z.object({ deferred: boundedCountSchema }),
  /** Arrival of the oldest message that is still in a queue, as far as the log tells. */
  oldestQueuedAt: instant.optional(),
  inQueue: z.number(),
  completeness: completenessSchema,
});
export type Overview = z.infer<typeof overviewSchema>;

/** `GET /api/v1/nodes` */
export const nodesSchema = z.object({ now: instant, nodes: z.array(nodeStateSchema) });

/** `DELETE /api/v1/nodes/:node` */
export const nodeForgottenSchema = z.object({ node: z.string() });

/** `GET /api/v1/stories?…` has a sibling that counts without listing: `GET /api/v1/stories/count`. Bounded, so it may say "at least". */
export const storyCountSchema = boundedCountSchema.extend({ completeness: completenessSchema });

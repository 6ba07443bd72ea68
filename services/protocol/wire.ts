// Bodies as they travel: the schemas' input side, where an instant is an ISO 8601 string. Types only, so that a client
// in a browser carries no schema library. The server has encoded these values; a client of the same release reads them as is.
import type { z } from 'zod';
import type {
  flowPointSchema,
  nodesSchema,
  overviewSchema,
  storyCountSchema,
  storyDetailSchema,
  storyPageSchema,
  storyQuerySchema,
} from './api.ts';
import type { completenessSchema, sourceCompletenessSchema } from './completeness.ts';
import type { problemSchema } from './errors.ts';
import type {
  failoverGroupSchema,
  failoverGroupsSchema,
  failoverHistorySchema,
  failoverMoveSchema,
  failoverPreflightSchema,
  failoverVoterSchema,
  unfitReasonSchema,
} from './failover.ts';
import type { preflightCheckSchema } from './lease-status.ts';
import type { nodeStateSchema, tailChunkSchema, tailFilterSchema, tailLineSchema } from './live.ts';
import type { reportAnswerSchema, reportSchema } from './report.ts';
import type {
  attemptSchema,
  legSchema,
  recipientSchema,
  storyLineSchema,
  storySchema,
  storySummarySchema,
} from './story.ts';

export type FailoverGroupsWire = z.input<typeof failoverGroupsSchema>;
export type FailoverGroupWire = z.input<typeof failoverGroupSchema>;
export type FailoverVoterWire = z.input<typeof failoverVoterSchema>;
export type FailoverMoveWire = z.input<typeof failoverMoveSchema>;
export type FailoverHistoryWire = z.input<typeof failoverHistorySchema>;
export type FailoverPreflightWire = z.input<typeof failoverPreflightSchema>;
export type UnfitReasonWire = z.input<typeof unfitReasonSchema>;
export type PreflightCheckWire = z.input<typeof preflightCheckSchema>;
export type ReportWire = z.input<typeof reportSchema>;
export type ReportAnswerWire = z.input<typeof reportAnswerSchema>;
export type OverviewWire = z.input<typeof overviewSchema>;
export type FlowPointWire = z.input<typeof flowPointSchema>;
export type NodesWire = z.input<typeof nodesSchema>;
export type NodeStateWire = z.input<typeof nodeStateSchema>;
/** What a client may put into the query string: `limit` is a number here and text in the URL. */
export type StoryQueryWire = Omit<z.input<typeof storyQuerySchema>, 'limit'> & { limit?: number };
export type StoryPageWire = z.input<typeof storyPageSchema>;
export type StoryCountWire = z.input<typeof storyCountSchema>;
export type StorySummaryWire = z.input<typeof storySummarySchema>;
export type StoryDetailWire = z.input<typeof storyDetailSchema>;
export type StoryWire = z.input<typeof storySchema>;
export type LegWire = z.input<typeof legSchema>;
export type AttemptWire = z.input<typeof attemptSchema>;
export type RecipientWire = z.input<typeof recipientSchema>;
export type StoryLineWire = z.input<typeof storyLineSchema>;
export type CompletenessWire = z.input<typeof completenessSchema>;
export type SourceCompletenessWire = z.input<typeof sourceCompletenessSchema>;
export type TailFilterWire = z.input<typeof tailFilterSchema>;
export type TailLineWire = z.input<typeof tailLineSchema>;
export type TailChunkWire = z.input<typeof tailChunkSchema>;
export type ProblemWire = z.input<typeof problemSchema>;

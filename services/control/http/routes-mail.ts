import { z } from 'zod';
import {
  overviewSchema,
  pageLimits,
  storyCountSchema,
  storyDetailSchema,
  storyPageSchema,
  storyQuerySchema,
} from '../../protocol/api.ts';
import { completenessSchema } from '../../protocol/completeness.ts';
import { domainScope } from '../../protocol/domain.ts';
import { AppError } from '../../protocol/errors.ts';
import { instant } from '../../protocol/instant.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Windows of the overview: a minute to a month. */
const windowMs = z.coerce
  .number()
  .int()
  .min(60_000)
  .max(31 * dayMs)
  .default(hourMs);

/** What became of messages: `/api/v1/overview`, `/stories`, `/completeness`. */
export function registerMailRoutes(app: TypedApp, deps: Pick<HttpDeps, 'store' | 'clock' | 'readOverview'>): void {
  const { store, clock, readOverview } = deps;
  const tags = ['mail'];

  app.get(
    '/api/v1/overview',
    {
      schema: {
        tags,
        summary: 'The state of mail in one sentence, with the numbers behind it, of one domain or all',
        querystring: z.object({ windowMs, domain: domainScope.optional() }),
        response: { 200: overviewSchema, ...problemResponses },
      },
    },
    (request) => readOverview(request.query),
  );

  app.get(
    '/api/v1/stories',
    {
      schema: {
        tags,
        summary: 'Messages by what a person types, the newest first',
        querystring: storyQuerySchema,
        response: { 200: storyPageSchema, ...problemResponses },
      },
    },
    (request) => store.searchStories(request.query),
  );

  app.get(
    '/api/v1/stories/count',
    {
      schema: {
        tags,
        summary: `How many messages a search finds, counted up to ${pageLimits.storiesCountedMax}`,
        querystring: storyQuerySchema.omit({ cursor: true, limit: true }),
        response: { 200: storyCountSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { since = 0, until = clock.now() } = request.query;
      const [count, completeness] = await Promise.all([
        store.countStories(request.query, pageLimits.storiesCountedMax),
        store.readCompleteness({ since, until }),
      ]);
      return { ...count, completeness };
    },
  );

  app.get(
    '/api/v1/stories/:id',
    {
      schema: {
        tags,
        summary: 'The journey of one message, with its raw lines',
        params: z.object({ id: z.string().min(1).max(256) }),
        response: { 200: storyDetailSchema, ...problemResponses },
      },
    },
    async (request) => {
      const detail = await store.readStory(request.params.id);
      if (detail !== undefined) return detail;
      throw new AppError('not-found', `There is no message story ${request.params.id}`, {
        hint: 'It may be older than the retention; search for its queue id or message id',
      });
    },
  );

  app.get(
    '/api/v1/completeness',
    {
      schema: {
        tags,
        summary: 'How whole the logs are over an interval, source by source',
        querystring: z.object({ since: instant.optional(), until: instant.optional() }),
        response: { 200: completenessSchema, ...problemResponses },
      },
    },
    (request) => {
      const until = request.query.until ?? clock.now();
      return store.readCompleteness({ since: request.query.since ?? until - dayMs, until });
    },
  );
}

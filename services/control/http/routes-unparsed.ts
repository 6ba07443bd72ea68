import { AppError } from '../../protocol/errors.ts';
import { unparsedAnswerSchema, unparsedLimits, unparsedQuerySchema } from '../../protocol/unparsed.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

const dayMs = 86_400_000;

/** The lines that nobody understands: `/api/v1/unparsed`. */
export function registerUnparsedRoutes(app: TypedApp, deps: Pick<HttpDeps, 'store' | 'clock' | 'retention'>): void {
  const { store, clock, retention } = deps;
  app.get(
    '/api/v1/unparsed',
    {
      schema: {
        tags: ['mail'],
        summary: 'Lines that are not understood, grouped, each group with an example and a proposed pattern',
        querystring: unparsedQuerySchema,
        response: { 200: unparsedAnswerSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { clusters: clustersMax = unparsedLimits.clustersDefault } = request.query;
      const until = request.query.until ?? clock.now();
      const since = request.query.since ?? until - dayMs;
      if (since > until || until - since > unparsedLimits.spanMsMax)
        throw new AppError('bad-request', `At most ${unparsedLimits.spanMsMax / dayMs} days are looked at`, {
          hint: 'Give since and until, since first',
        });
      // An example is a line as it came: with the names in it, for as long as names may be told.
      const named = Math.min(until, Math.max(since, retention.namesSince()));
      const [unparsed, completeness] = await Promise.all([
        store.readUnparsed({ since: named, until, clustersMax }),
        store.readCompleteness({ since, until }),
      ]);
      return { unparsed, completeness };
    },
  );
}

import { AppError } from '../../protocol/errors.ts';
import { reportAnswerSchema, reportLimits, reportQuerySchema } from '../../protocol/report.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

const dayMs = 86_400_000;

/** What mail did over an interval, added up from the stored lines: `/api/v1/reports`. */
export function registerReportRoutes(app: TypedApp, deps: Pick<HttpDeps, 'store' | 'clock' | 'retention'>): void {
  const { store, clock, retention } = deps;
  app.get(
    '/api/v1/reports',
    {
      schema: {
        tags: ['mail'],
        summary: 'Totals and tables over an interval, of one domain or all; the last 24 hours unless told otherwise',
        querystring: reportQuerySchema,
        response: { 200: reportAnswerSchema, ...problemResponses },
      },
    },
    async (request) => {
      const { domain, rows = reportLimits.rowsDefault, timeZone = ownTimeZone() } = request.query;
      const until = request.query.until ?? clock.now();
      const since = request.query.since ?? until - dayMs;
      if (since > until || until - since > reportLimits.spanMsMax)
        throw new AppError('bad-request', `A report covers at most ${reportLimits.spanMsMax / dayMs} days`, {
          hint: 'Give since and until, since first',
        });
      // Older lines are kept longer than the names in them may be told: the report says where it begins.
      const named = Math.min(until, Math.max(since, retention.namesSince()));
      const [report, completeness] = await Promise.all([
        store.readReport({ since: named, until, timeZone, rows, ...(domain === undefined ? {} : { domain }) }),
        store.readCompleteness({ since, until }),
      ]);
      return { report, completeness };
    },
  );
}

const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

import { retentionAnswerSchema } from '../../protocol/retention.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

/** How long each class of data is kept, and what was removed: `/api/v1/retention`. */
export function registerRetentionRoutes(app: TypedApp, deps: Pick<HttpDeps, 'retention'>): void {
  app.get(
    '/api/v1/retention',
    {
      schema: {
        tags: ['process'],
        summary: 'The table of what is kept for how long, and what was removed when and why',
        response: { 200: retentionAnswerSchema, ...problemResponses },
      },
    },
    () => deps.retention.read(),
  );
}

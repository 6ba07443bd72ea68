import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

const readyWithinMs = 5000;

/** What a supervisor and a metrics server ask: `/healthz`, `/readyz`, `/metrics`. */
export function registerProcessRoutes(app: TypedApp, deps: Pick<HttpDeps, 'clock' | 'store' | 'renderMetrics'>): void {
  const { clock, store, renderMetrics } = deps;
  const tags = ['process'];
  const statusSchema = z.object({ status: z.literal('ok') });

  app.get(
    '/healthz',
    { schema: { tags, summary: 'The process answers', response: { 200: statusSchema, ...problemResponses } } },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'The store takes lines and answers questions',
        response: { 200: statusSchema, ...problemResponses },
      },
    },
    async () => {
      // An empty policy deletes nothing, and yet passes through the store's writer: where it comes back, a batch would.
      const write = store.applyRetention({}, clock.now()).catch((cause: unknown) => {
        throw new AppError('not-ready', 'The store cannot be written', { cause });
      });
      const read = store.readOffsets('').catch((cause: unknown) => {
        throw new AppError('not-ready', 'The store cannot be read', { cause });
      });
      let cancel = () => {};
      const late = new Promise<never>((_, reject) => {
        cancel = clock.after(readyWithinMs, () =>
          reject(new AppError('not-ready', `The store did not answer within ${readyWithinMs} ms`)),
        );
      });
      await Promise.race([Promise.all([write, read]), late]).finally(() => cancel());
      return { status: 'ok' as const };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        summary: 'Metrics in the Prometheus text format',
        response: {
          200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } },
          ...problemResponses,
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await renderMetrics();
      return reply
        .type(contentType)
        .serializer((body: string) => body)
        .send(text);
    },
  );
}

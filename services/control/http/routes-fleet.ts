import { nodesSchema } from '../../protocol/api.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

/** Nodes as control believes them to be: `/api/v1/nodes`. */
export function registerFleetRoutes(app: TypedApp, deps: Pick<HttpDeps, 'clock' | 'readNodes'>): void {
  app.get(
    '/api/v1/nodes',
    {
      schema: {
        tags: ['fleet'],
        summary: 'Every node with its state and the reason for it',
        response: { 200: nodesSchema, ...problemResponses },
      },
    },
    async () => ({ now: deps.clock.now(), nodes: deps.readNodes() }),
  );
}

import { z } from 'zod';
import { nodeForgottenSchema, nodesSchema } from '../../protocol/api.ts';
import { requireOperator } from '../trust/routes-trust.ts';
import { problemResponses } from './openapi.ts';
import type { HttpDeps, TypedApp } from './typed-app.ts';

/**
 * Nodes as control believes them to be: `/api/v1/nodes`. (What a node may do is the matter of /api/v1/trust.) With TLS, others than
 * the operator may look and change nothing.
 */
export function registerFleetRoutes(
  app: TypedApp,
  deps: Pick<HttpDeps, 'clock' | 'readNodes' | 'forgetNode' | 'trust'>,
): void {
  const { trust } = deps;
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

  app.delete(
    '/api/v1/nodes/:node',
    {
      onRequest: trust === undefined ? [] : requireOperator(trust),
      schema: {
        tags: ['fleet'],
        summary: 'Forget a node that is gone for good; what it sent stays, and it is back when it is heard again',
        params: z.object({ node: z.string().min(1).max(255) }),
        response: { 200: nodeForgottenSchema, ...problemResponses },
      },
    },
    async (request) => {
      await deps.forgetNode(request.params.node);
      return { node: request.params.node };
    },
  );
}

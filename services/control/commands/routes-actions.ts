import { z } from 'zod';
import { actionAnswerSchema, actionRequestSchema } from '../../protocol/action.ts';
import { nodeNameSchema } from '../../protocol/trust.ts';
import { problemResponses } from '../http/openapi.ts';
import type { TypedApp } from '../http/typed-app.ts';
import type { CommandDesk } from './command-desk.ts';

/** What the operator has agents do: `/api/v1/nodes/:node/actions`, behind the same secret as who joins. */
export function registerActionRoutes(app: TypedApp, deps: { readonly desk: CommandDesk }): void {
  app.post(
    '/api/v1/nodes/:node/actions',
    {
      schema: {
        tags: ['actions'],
        summary: 'Has an agent execute an action that its own configuration allows',
        params: z.object({ node: nodeNameSchema }),
        body: actionRequestSchema,
        response: { 200: actionAnswerSchema, ...problemResponses },
      },
    },
    (request) => deps.desk.run(request.params.node, request.body.do, request.body.waitMs),
  );
}

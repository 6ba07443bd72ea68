import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import {
  authoritySchema,
  certificatesSchema,
  issuedSchema,
  joinRequestSchema,
  nodeNameSchema,
  renewRequestSchema,
  revokedSchema,
  tokenMadeSchema,
  tokensSchema,
  tokenWishSchema,
} from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import { problemResponses } from '../http/openapi.ts';
import type { TypedApp } from '../http/typed-app.ts';
import type { Trust } from './trust.ts';

/** A request and the JSON around it. */
const bodyLimit = 16 * 1024;

/** What agents ask for: `/trust/v1/…`. To join, a node has no certificate yet; to renew, it shows the one that still holds. */
export function registerTrustRoutes(app: TypedApp, deps: { readonly trust: Trust }): void {
  const { trust } = deps;
  const tags = ['trust'];
  app.get(
    '/trust/v1/authority',
    {
      schema: {
        tags,
        summary: "The certificates of control's authority; a join token's fingerprint says whether to believe them",
        response: { 200: authoritySchema, ...problemResponses },
      },
    },
    async () => ({ certificates: [...trust.certificates] }),
  );
  app.post(
    '/trust/v1/join',
    {
      bodyLimit,
      schema: {
        tags,
        summary: 'A certificate for a node, against a join token that is good for one',
        body: joinRequestSchema,
        response: { 200: issuedSchema, ...problemResponses },
      },
    },
    (request) => trust.join(request.body, request.socket.remoteAddress ?? ''),
  );
  app.post(
    '/trust/v1/renew',
    {
      bodyLimit,
      schema: {
        tags,
        summary: "The next certificate of the connection's own node",
        body: renewRequestSchema,
        response: { 200: issuedSchema, ...problemResponses },
      },
    },
    (request) => trust.renew(request.socket, request.body.request),
  );
}

/**
 * Lets a request through that carries the secret of control's trust folder as a bearer token.
 * @throws AppError `forbidden` for any other.
 */
export const requireOperator = (trust: Pick<Trust, 'isOperator'>) => async (request: FastifyRequest) => {
  const [scheme, secret] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || secret === undefined || !trust.isOperator(secret))
    throw new AppError('forbidden', 'Nodes are a matter of whoever may read the files of control', {
      hint: 'Run the command where control runs, as root or as its user, with its --data-dir',
    });
};

/** What the operator asks for: `/api/v1/trust/…`, with the secret of control's trust folder as a bearer token (RFC 6750). */
export function registerOperatorRoutes(app: TypedApp, deps: { readonly trust: Trust; readonly clock: Clock }): void {
  const { trust, clock } = deps;
  const tags = ['trust'];
  app.addHook('onRequest', requireOperator(trust));
  app.get(
    '/api/v1/trust/tokens',
    { schema: { tags, summary: 'Join tokens that are open', response: { 200: tokensSchema, ...problemResponses } } },
    async () => ({ now: clock.now(), tokens: trust.listTokens() }),
  );
  app.post(
    '/api/v1/trust/tokens',
    {
      schema: {
        tags,
        summary: 'A new join token; it is shown this once',
        body: tokenWishSchema,
        response: { 200: tokenMadeSchema, ...problemResponses },
      },
    },
    (request) => trust.makeToken(request.body),
  );
  app.get(
    '/api/v1/trust/certificates',
    {
      schema: {
        tags,
        summary: 'Certificates that are not over, revoked ones among them',
        response: { 200: certificatesSchema, ...problemResponses },
      },
    },
    async () => ({ now: clock.now(), certificates: trust.listCertificates() }),
  );
  const response = { 200: revokedSchema, ...problemResponses };
  const named = z.string().min(1).max(64);
  app.delete(
    '/api/v1/trust/tokens/:id',
    { schema: { tags, summary: 'Takes a join token back', params: z.object({ id: named }), response } },
    (request) => trust.revoke({ tokenId: request.params.id }),
  );
  app.delete(
    '/api/v1/trust/certificates/:serial',
    { schema: { tags, summary: 'Revokes one certificate', params: z.object({ serial: named }), response } },
    (request) => trust.revoke({ serial: request.params.serial }),
  );
  app.delete(
    '/api/v1/trust/nodes/:node',
    {
      schema: {
        tags,
        summary: 'Revokes every certificate and join token of a node and closes its connections',
        params: z.object({ node: nodeNameSchema }),
        response,
      },
    },
    (request) => trust.revoke({ node: request.params.node }),
  );
}

import type { FastifyInstance } from 'fastify';
import { AppError } from '../../protocol/errors.ts';
import { isOwnHost, isOwnOrigin } from '../../runtime/loopback.ts';

/**
 * What keeps other people's web pages away from a server that asks for no password, and keeps ours from being misused:
 * the name and origin checks, and the headers of OWASP's secure headers list that matter for an API with a page.
 */
export function registerGuards(app: FastifyInstance, names: readonly string[]): void {
  app.addHook('onRequest', async (request) => {
    const refused = whyRefused(request.headers, names);
    if (refused !== undefined) throw refused;
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('cross-origin-opener-policy', 'same-origin');
    reply.header('cross-origin-resource-policy', 'same-origin');
    reply.header('x-frame-options', 'DENY');
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', contentSecurityPolicy);
  });
}

/** The reason to refuse a request by its `Host` and `Origin`; `undefined` lets it in. */
export function whyRefused(
  headers: { readonly host?: string | undefined; readonly origin?: string | undefined },
  names: readonly string[],
): AppError | undefined {
  if (!isOwnHost(headers.host, names))
    return new AppError('forbidden', 'This server is not known under that name', {
      hint: 'Ask for localhost, or add the name to `names` in the configuration of control',
    });
  if (!isOwnOrigin(headers.origin, headers.host))
    return new AppError('forbidden', 'A page of another origin may not ask here');
  return undefined;
}

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

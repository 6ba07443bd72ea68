import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../protocol/errors.ts';
import { isOwnHost, isOwnOrigin } from '../../runtime/loopback.ts';
import { isAgentsErrand, isAgentsPath } from '../trust/admit-agent.ts';
import type { Trust } from '../trust/trust.ts';

/** The reason to refuse a request before anything of it is done; `undefined` lets it in. */
export type Doorkeeper = (request: IncomingMessage) => AppError | undefined;

/**
 * What keeps other people's web pages away from a server that asks for no password, and keeps ours from being misused:
 * the name and origin checks, and the headers of OWASP's secure headers list that matter for an API with a page.
 */
export function registerGuards(app: FastifyInstance, whyRefused: Doorkeeper): void {
  app.addHook('onRequest', async (request) => {
    const refused = whyRefused(request.raw);
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

export type DoorOptions = {
  readonly names: readonly string[];
  readonly pagesFrom?: readonly string[];
  /** Whether what comes through a proxy is let in, because the proxy asks people who they are. */
  readonly pagesBehindProxy?: boolean;
  readonly trust?: Trust | undefined;
};

/** Set by proxies (RFC 7239, RFC 9110 7.6.3, and custom): the address that we see is then the proxy's, and says nothing. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/** For everything that is served: agents on their errands come from anywhere, and all others as {@link createPagekeeper} says. */
export function createDoorkeeper(options: DoorOptions): Doorkeeper {
  const whyNoPage = createPagekeeper(options);
  return (request) => {
    const isErrand = isAgentsErrand(options.trust, request);
    if ((isErrand || isAgentsPath(request)) && isProxied(request))
      return new AppError('forbidden', 'A proxy stands in between, and agents show their own certificates', {
        hint: 'Have agents ask control itself',
      });
    return isErrand ? undefined : whyNoPage(request);
  };
}

const isProxied = ({ headers }: IncomingMessage): boolean => proxyHeaders.some((name) => headers[name] !== undefined);

/**
 * Judges by where a request comes from, its `Host` and its `Origin`, and by no certificate: pages and API are for this machine
 * and the networks of `pagesFrom` (CIDR or single addresses), because there is no sign-in.
 */
export function createPagekeeper(options: DoorOptions): Doorkeeper {
  const { names, pagesFrom = [], pagesBehindProxy = false, trust } = options;
  const ownNames = [...names, ...(trust?.names ?? []).map((name) => (isIP(name) === 6 ? `[${name}]` : name))];
  const allowed = networkList(['127.0.0.0/8', '::1', ...pagesFrom]);
  return (request) => {
    if (!pagesBehindProxy && isProxied(request))
      return new AppError(
        'forbidden',
        'This came through a proxy, which makes whoever uses it a neighbour of control',
        {
          hint: 'If the proxy asks people who they are, say `pagesBehindProxy: true` in the configuration of control',
        },
      );
    const { remoteAddress = '' } = request.socket;
    if (trust !== undefined && !allowed.check(remoteAddress, isIP(remoteAddress) === 6 ? 'ipv6' : 'ipv4'))
      return new AppError('forbidden', `Pages and API are not for ${remoteAddress}: there is no sign-in yet`, {
        hint: 'Ask from the machine itself, as through ssh -L, or name your network in `pagesFrom` of control',
      });
    const { host, origin } = request.headers;
    if (!isOwnHost(host, ownNames))
      return new AppError('forbidden', 'This server is not known under that name', {
        hint: 'Ask for localhost, or add the name to `names` in the configuration of control',
      });
    if (!isOwnOrigin(origin, host)) return new AppError('forbidden', 'A page of another origin may not ask here');
    return undefined;
  };
}

function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
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

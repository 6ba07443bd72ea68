import type { Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import { liveNamespace } from '../../protocol/live.ts';
import type { Doorkeeper } from '../http/guards.ts';

/** Bytes of one message; the largest is a heartbeat of 1000 sources with long paths. */
const messageBytesMax = 2 * 1024 * 1024;

/**
 * socket.io beside fastify on the same port, behind the same checks. Agents and consoles share its path, so that who came in with
 * a node's certificate is judged once more, by `whyNoPage`, before the console's channel is his.
 */
export function createSocketServer(
  httpServer: HttpServer,
  { whyRefused, whyNoPage }: { readonly whyRefused: Doorkeeper; readonly whyNoPage: Doorkeeper },
): Server {
  const server = new Server(httpServer, {
    serveClient: false,
    maxHttpBufferSize: messageBytesMax,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    connectTimeout: 10_000,
    allowRequest: (request, decide) => {
      const refused = whyRefused(request);
      decide(refused?.message ?? null, refused === undefined);
    },
  });
  server.of(liveNamespace).use((socket, next) => {
    const refused = whyNoPage(socket.request);
    next(refused === undefined ? undefined : Object.assign(refused, { data: { code: refused.code } }));
  });
  return server;
}

/** Ends every connection, and leaves closing the HTTP server to its owner. */
export function closeSockets(server: Server): void {
  server.disconnectSockets(true);
  server.engine.close();
}

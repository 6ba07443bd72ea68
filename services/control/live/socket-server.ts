import type { Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import type { Doorkeeper } from '../http/guards.ts';

/** Bytes of one message; the largest is a heartbeat of 1000 sources with long paths. */
const messageBytesMax = 2 * 1024 * 1024;

/** socket.io beside fastify on the same port, behind the same checks of name and origin. */
export function createSocketServer(httpServer: HttpServer, whyRefused: Doorkeeper): Server {
  return new Server(httpServer, {
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
}

/** Ends every connection, and leaves closing the HTTP server to its owner. */
export function closeSockets(server: Server): void {
  server.disconnectSockets(true);
  server.engine.close();
}

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createSeats, type SeatLimits } from '../../runtime/seats.ts';

export const connectionLimits = {
  /** Agents keep some five each, a browser up to six, and each console one more. */
  connectionsMax: 4000,
  /** Behind one address may be a site's gateway. */
  connectionsPerAddressMax: 1000,
  /** From the connection to the end of a request's header. */
  headersMs: 10_000,
  /** How often connections are looked at for being too slow. */
  checkEveryMs: 2000,
} as const;

/** Bounds how many hold a connection. Whoever has not finished one request makes room for newcomers when all seats are taken. */
export function limitConnections(
  server: Server,
  limits: SeatLimits,
  onRefused: (why: 'connections' | 'silent') => void,
): void {
  const seats = createSeats(limits);
  server.on('connection', (socket: Socket) => {
    // Nobody else listens yet when it is closed at once, or within its handshake.
    socket.on('error', () => {});
    const seat = seats.take(socket);
    if (seat !== 'free') onRefused(seat === 'none' ? 'connections' : 'silent');
    if (seat === 'none') socket.destroy();
  });
  server.on('request', (request, response) => {
    // An answer alone is not enough: it may be a refusal of what never came whole.
    response.once('close', () => {
      if (request.complete) seats.hasSpoken(request.socket);
    });
  });
  server.on('upgrade', (request) => seats.hasSpoken(request.socket));
}

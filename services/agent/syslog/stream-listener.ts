import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock } from '../../runtime/clock.ts';
import { createSeats, type SeatLimits } from '../../runtime/seats.ts';
import { createFramer, lineOfFrame } from './framing.ts';
import type { Intake } from './intake.ts';
import type { SyslogEvents } from './syslog-events.ts';

/** Bytes of messages that were begun, all connections together. Who would need more is closed. */
export const heldBytesMax = 16 * 1024 * 1024;

/** A TLS handshake that takes longer is given up. */
const handshakeMs = 10_000;
/** How often connections are looked at for having said nothing. */
const sweepMs = 1000;

export type StreamLimits = SeatLimits & { readonly idleMs: number; readonly frameMs: number };
type Peer = { readonly socket: Socket; heldBytes: number; wholeAt: number; begunAt: number | undefined };

/** Connections of every stream listener together, so that one bound holds for all. */
export function createStreamIntake(
  limits: StreamLimits,
  deps: { readonly clock: Clock; readonly intake: Intake; readonly events: SyslogEvents },
) {
  const { clock, intake, events } = deps;
  const peers = new Set<Peer>();
  const seats = createSeats(limits);
  let heldBytes = 0;

  const stopSweeping = clock.every(Math.min(sweepMs, limits.frameMs, limits.idleMs), () => {
    const now = clock.monotonicMs();
    for (const peer of peers) {
      // Who waits for our disk is not to blame.
      if (peer.socket.isPaused()) peer.wholeAt = now;
      else if (peer.begunAt !== undefined && now - peer.begunAt > limits.frameMs) refuse(peer, 'slow');
      else if (now - peer.wholeAt > limits.idleMs) refuse(peer, 'idle');
    }
  });

  /** Of those who have begun a message, the one that holds the most of our memory. */
  function refuseLargest(): void {
    let largest: Peer | undefined;
    for (const peer of peers) if (peer.heldBytes > (largest?.heldBytes ?? 0)) largest = peer;
    if (largest !== undefined) refuse(largest, 'memory');
  }

  function refuse(peer: Peer, why: 'slow' | 'idle' | 'malformed' | 'memory'): void {
    events.syslogRefused('stream', why);
    peer.socket.destroy();
  }

  function take(socket: Socket): void {
    const framer = createFramer();
    const peer: Peer = { socket, heldBytes: 0, wholeAt: clock.monotonicMs(), begunAt: undefined };
    peers.add(peer);
    events.syslogConnections(peers.size);
    const account = (bytes: number) => {
      heldBytes += bytes - peer.heldBytes;
      peer.heldBytes = bytes;
    };
    // Whoever can wait is made to: what does not fit stays here, at most one chunk of it, and no more is read.
    let backlog: Buffer[] = [];
    const pour = () => {
      let taken = 0;
      while (taken < backlog.length && intake.offer(backlog[taken] ?? Buffer.alloc(0))) taken++;
      backlog = backlog.slice(taken);
      events.syslogTaken('stream', taken);
      if (backlog.length === 0 && !intake.isFull()) {
        socket.resume();
        return;
      }
      socket.pause();
      intake.whenRoom(pour);
    };
    socket.on('data', (chunk: Buffer) => {
      const pushed = framer.push(chunk);
      if (pushed === undefined) return refuse(peer, 'malformed');
      events.syslogCut(pushed.cut);
      account(framer.heldBytes());
      const now = clock.monotonicMs();
      if (pushed.frames.length > 0) {
        peer.wholeAt = now;
        seats.hasSpoken(socket);
      }
      peer.begunAt = framer.heldBytes() === 0 ? undefined : pushed.frames.length > 0 ? now : (peer.begunAt ?? now);
      for (const frame of pushed.frames) {
        const line = lineOfFrame(frame);
        if (line !== undefined) backlog.push(line);
      }
      pour();
      if (heldBytes > heldBytesMax) refuseLargest();
    });
    socket.on('close', () => {
      account(0);
      peers.delete(peer);
      events.syslogConnections(peers.size);
    });
  }

  /** Listens and resolves with the port. `tls`: the PEM chain and key. */
  async function listen(
    where: { readonly host: string; readonly port: number },
    tls?: { readonly cert: Buffer; readonly key: Buffer },
  ): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
    const open = new Set<Socket>();
    const server: Server =
      tls === undefined
        ? createServer()
        : createTlsServer({ ...tls, handshakeTimeout: handshakeMs, minVersion: 'TLSv1.2' });
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => {});
      const seat = seats.take(socket);
      if (seat !== 'free') events.syslogRefused('stream', seat === 'none' ? 'connections' : 'silent');
      if (seat === 'none') {
        socket.destroy();
        return;
      }
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      if (tls === undefined) take(socket);
    });
    server.on('secureConnection', (socket: Socket) => {
      socket.on('error', () => {});
      take(socket);
    });
    server.on('tlsClientError', () => events.syslogRefused('stream', 'handshake'));
    server.listen({ ...where, backlog: 1024 });
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      stop: async () => {
        server.close();
        for (const socket of open) socket.destroy();
        await once(server, 'close');
      },
    };
  }
  return { listen, stop: stopSweeping };
}

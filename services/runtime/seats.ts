import type { Socket } from 'node:net';

export type SeatLimits = { readonly connectionsMax: number; readonly connectionsPerAddressMax: number };

/**
 * Who may hold a connection. When all seats are taken, whoever has never said a whole message makes room for a newcomer, the
 * one that came first of those; who has said something keeps the seat. So a crowd of mute connections only displaces itself.
 */
export function createSeats(limits: SeatLimits) {
  const taken = new Map<string, { readonly socket: Socket; readonly address: string }>();
  /** In the order in which they came. */
  const silent = new Set<string>();
  const countByAddress = new Map<string, number>();

  function leave(key: string): void {
    const seat = taken.get(key);
    if (seat === undefined) return;
    const { address } = seat;
    taken.delete(key);
    silent.delete(key);
    const left = (countByAddress.get(address) ?? 1) - 1;
    if (left === 0) countByAddress.delete(address);
    else countByAddress.set(address, left);
  }

  return {
    /** `displaced`: somebody silent was sent away for it. `none`: it must go. A seat is free again when its socket closes. */
    take: (socket: Socket): 'free' | 'displaced' | 'none' => {
      const [key, address] = [keyOf(socket), socket.remoteAddress ?? ''];
      const count = countByAddress.get(address) ?? 0;
      if (count >= limits.connectionsPerAddressMax) return 'none';
      const isFull = taken.size >= limits.connectionsMax;
      const [oldest] = isFull ? silent : [];
      if (isFull && oldest === undefined) return 'none';
      if (oldest !== undefined) {
        const { socket: other } = taken.get(oldest) ?? {};
        leave(oldest);
        other?.destroy();
      }
      taken.set(key, { socket, address });
      silent.add(key);
      countByAddress.set(address, count + 1);
      socket.once('close', () => {
        if (taken.get(key)?.socket === socket) leave(key);
      });
      return isFull ? 'displaced' : 'free';
    },
    /** A whole message came over it; within TLS the socket is another one over the same connection. */
    hasSpoken: (socket: Socket): void => void silent.delete(keyOf(socket)),
  };
}

const keyOf = ({ remoteAddress, remotePort, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localPort}`;

// One UDP socket for all groups of the process; a datagram goes to the group whose incarnation it names.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { listenOrExplain } from '../../runtime/port-holder.ts';
import { readIncarnation } from './envelope.ts';
import type { Endpoint } from './peer-channel.ts';

export type UdpSocket = {
  readonly port: number;
  readonly transmit: (bytes: Buffer, to: Endpoint) => void;
  /** From now on datagrams of this incarnation are handed over. */
  readonly listen: (incarnation: Buffer, receive: (bytes: Buffer, source: Endpoint) => void) => void;
  /** Datagrams that no group of this process takes. */
  readonly strays: () => number;
  readonly stop: () => Promise<void>;
};

/** Throws `port-busy`. Faults of single datagrams (an unreachable peer is normal) go to `onFault`. */
export async function openUdpSocket(
  listen: Endpoint,
  deps: { readonly onFault: (error: unknown) => void },
): Promise<UdpSocket> {
  const family = isIPv6(listen.host) ? 6 : 4;
  const socket = createSocket({
    type: `udp${family}`,
    // Voters have addresses and no names: without a search for one a datagram leaves within `transmit`, and not behind what follows it.
    lookup: (host, _options, found) => found(null, host, family),
  });
  const receivers = new Map<string, (bytes: Buffer, source: Endpoint) => void>();
  let strays = 0;
  socket.on('message', (bytes, { address, port }) => {
    const incarnation = readIncarnation(bytes);
    const receive = incarnation === undefined ? undefined : receivers.get(incarnation.toString('hex'));
    if (receive === undefined) strays += 1;
    else receive(bytes, { host: address, port });
  });
  const bind = () =>
    new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: listen.host, port: listen.port }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  await listenOrExplain(bind, { ...listen, option: 'listen.port' });
  socket.on('error', deps.onFault);
  return {
    port: socket.address().port,
    transmit: (bytes, to) =>
      socket.send(bytes, to.port, to.host, (error) => {
        if (error !== null) deps.onFault(error);
      }),
    listen: (incarnation, receive) => receivers.set(incarnation.toString('hex'), receive),
    strays: () => strays,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

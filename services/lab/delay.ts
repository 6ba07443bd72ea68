import { createSocket } from 'node:dgram';
import type { Clock } from '../runtime/clock.ts';

/** Packets that wait at one time; what comes beyond is lost, as on a full link. */
export const waitingMax = 10_000;

/** Passes each datagram from one loopback port, 0 for any free one, on to another `delayMs` later. */
export async function serveDelay(
  fromPort: number,
  toPort: number,
  delayMs: number,
  deps: { readonly clock: Clock },
): Promise<{ readonly port: number; readonly stop: () => void }> {
  const socket = createSocket('udp4');
  let waiting = 0;
  socket.on('message', (packet) => {
    if (waiting >= waitingMax) return;
    waiting++;
    deps.clock.after(delayMs, () => {
      waiting--;
      socket.send(packet, toPort, '127.0.0.1');
    });
  });
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(fromPort, '127.0.0.1', resolve));
  return { port: socket.address().port, stop: () => socket.close() };
}

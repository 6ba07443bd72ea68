import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { lineOfFrame } from './framing.ts';
import type { Intake } from './intake.ts';
import type { SyslogEvents } from './syslog-events.ts';

/** What the kernel may hold for us, so that a burst meets no full buffer while a write is under way. */
const receiveBytes = 4 * 1024 * 1024;

/** RFC 5426: one message a datagram. Nobody can be made to wait: what does not fit is refused and counted. */
export async function listenDatagrams(
  where: { readonly host: string; readonly port: number },
  deps: { readonly intake: Intake; readonly events: SyslogEvents },
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const { intake, events } = deps;
  const socket = createSocket({ type: isIPv6(where.host) ? 'udp6' : 'udp4', recvBufferSize: receiveBytes });
  socket.on('message', (datagram) => {
    const line = lineOfFrame(datagram);
    if (line === undefined) events.syslogRefused('datagram', 'empty');
    else if (intake.offer(line)) events.syslogTaken('datagram');
    else events.syslogRefused('datagram', 'full');
  });
  socket.bind({ port: where.port, address: where.host });
  await once(socket, 'listening');
  socket.on('error', (error) => events.syslogFault(error));
  return {
    port: socket.address().port,
    stop: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import { lineOfFrame } from './framing.ts';
import type { Intake } from './intake.ts';
import type { SyslogEvents } from './syslog-events.ts';

/** What the kernel may hold for us, so that a burst meets no full buffer while a write is under way. */
const receiveBytes = 4 * 1024 * 1024;

/** How often the kernel is asked what it had to drop because nobody fetched it in time. */
const dropsEveryMs = 2000;

/** RFC 5426: one message a datagram. Nobody can be made to wait: what does not fit is refused and counted. */
export async function listenDatagrams(
  where: { readonly host: string; readonly port: number },
  deps: { readonly clock: Clock; readonly intake: Intake; readonly events: SyslogEvents },
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const { clock, intake, events } = deps;
  const socket = createSocket({ type: isIPv6(where.host) ? 'udp6' : 'udp4', recvBufferSize: receiveBytes });
  let isBusy = false;
  let dropped = 0;
  socket.on('message', (datagram) => {
    isBusy = true;
    const line = lineOfFrame(datagram);
    if (line === undefined) events.syslogRefused('datagram', 'empty');
    else if (intake.offer(line)) events.syslogTaken('datagram');
    else events.syslogRefused('datagram', 'full');
  });
  socket.bind({ port: where.port, address: where.host });
  await once(socket, 'listening');
  socket.on('error', (error) => events.syslogFault(error));
  const { port } = socket.address();
  const table = isIPv6(where.host) ? '/proc/net/udp6' : '/proc/net/udp';
  const stopAsking = clock.every(dropsEveryMs, () => {
    if (!isBusy) return;
    isBusy = false;
    readFile(table, 'latin1').then((text) => {
      const drops = dropsOf(text, port);
      if (drops > dropped) events.syslogRefused('datagram', 'kernel', drops - dropped);
      dropped = drops;
    }, events.syslogFault);
  });
  return {
    port,
    stop: async () => {
      stopAsking();
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** The last column of /proc/net/udp (`drops`): datagrams for this port that met a full buffer, since the socket was opened. */
export function dropsOf(table: string, port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.reduce((sum, row) => sum + (row[1]?.endsWith(local) ? Number(row[12] ?? 0) : 0), 0);
}

// Runs on a host: speaks for the group's addresses whenever it can. It answers by UDP and TCP, pushes into every connection, sends of
// its own accord and opens connections, each every 2 ms and from the addresses themselves. Arguments: IPv4 and IPv6 address, IPv4
// and IPv6 address of the client.
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { overlapPorts } from './overlap-ports.ts';

const [v4 = '', v6 = '', clientV4 = '', clientV6 = ''] = process.argv.slice(2);
/** Both families in turn, so each every 2 ms. */
const turnMs = 1;
const bindAgainMs = 5;
/** A connection attempt that came to nothing is given up; a guard that is shut lets none through. */
const attemptMs = 20;

const connections = new Set<Socket>();
const speakers = [
  { address: v4, client: clientV4 },
  { address: v6, client: clientV6 },
].map(({ address, client }) => {
  let speaker: ReturnType<typeof createSocket> | undefined;
  function speak(): void {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.on('message', (_question, { port, address: from }) => socket.send('!', port, from, () => {}));
    // Without ip_nonlocal_bind the address must be here first.
    socket.on('error', () => {
      socket.close();
      setTimeout(speak, bindAgainMs);
    });
    socket.bind(overlapPorts.udp, address, () => {
      speaker = socket;
    });
  }
  speak();
  return () => {
    speaker?.send('.', overlapPorts.sink, client, () => {});
    const attempt = connect({ host: client, port: overlapPorts.closed, localAddress: address });
    attempt.on('error', () => attempt.destroy());
    const giveUp = setTimeout(() => attempt.destroy(), attemptMs);
    attempt.on('close', () => clearTimeout(giveUp));
  };
});
for (const family of ['0.0.0.0', '::'])
  createServer((socket) => {
    socket.setNoDelay(true);
    socket.resume();
    connections.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => connections.delete(socket));
  }).listen({ port: overlapPorts.tcp, host: family, ipv6Only: family === '::' });

let turn = 0;
setInterval(() => {
  turn += 1;
  speakers[turn % speakers.length]?.();
  if (turn % 2 === 0) for (const socket of connections) if (socket.writableLength < 1024) socket.write('.');
}, turnMs);
process.stdout.write('ready\n');
process.stdin.resume().on('end', () => process.exit());

// Runs on a host: answers every UDP datagram with its own name, from the address that was asked. Arguments: port, name, addresses
// to wait for: UDP answers leave from the asked address only when the socket is bound to it.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [portText = '0', name = '', ...addresses] = process.argv.slice(2);

for (const address of addresses) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (_question, { port, address: from }) => socket.send(name, port, from, () => {}));
  socket.on('error', () => {});
  // ip_nonlocal_bind is on: the address may come and go.
  socket.bind(Number(portText), address);
}
process.stdout.write('ready\n');

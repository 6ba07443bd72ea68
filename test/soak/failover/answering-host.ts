// Runs on a host: answers every UDP datagram to the address with its own name and the moment, on the clock that all processes
// of the machine share; the answer passes the guard right after. Arguments: port, name, address.
import { createSocket } from 'node:dgram';
import { constants, setPriority } from 'node:os';

// A wait for the processor would look like silence of the address.
setPriority(constants.priority.PRIORITY_HIGHEST);
const [portText = '0', name = '', address = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('message', (_question, { port, address: from }) => {
  const atMs = Number(process.hrtime.bigint() / 1000n) / 1000;
  socket.send(`${name} ${atMs.toFixed(3)}`, port, from, () => {});
});
socket.on('error', () => {});
// ip_nonlocal_bind is on: the address may come and go.
socket.bind(Number(portText), address, () => process.stdout.write('ready\n'));
process.once('disconnect', () => process.exit());

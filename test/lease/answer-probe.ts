// Runs in the client's namespace: asks addresses by UDP every few milliseconds and prints each answer's time and sender, on the
// clock that all processes of the machine share. Arguments: period in ms, port, addresses.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [periodText = '2', portText = '0', ...addresses] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

for (const address of addresses) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (answer) => process.stdout.write(`${now().toFixed(3)} ${address} ${answer.toString('utf8')}\n`));
  socket.on('error', () => {});
  setInterval(() => socket.send('?', Number(portText), address, () => {}), Number(periodText));
}
process.stdout.write('ready\n');
process.once('disconnect', () => process.exit());

// Runs on a host: what an address serves, in the manner of SMTP. It greets by TCP, and answers each UDP question with its host's
// name and the moment. Arguments: host name, address, UDP port, TCP port, pid file.
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [host = '', address = '', udpPort = '0', tcpPort = '0', pidFile = ''] = process.argv.slice(2);

/** An answer is known by the moment right before it passes the guard. */
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const greeter = createServer((socket) => {
  socket.on('error', () => {});
  socket.end(`220 ${host} ESMTP\r\n`);
});
const socket = createSocket('udp4');
socket.on('message', (_question, { port, address: from }) =>
  socket.send(`${host} ${now().toFixed(3)}`, port, from, () => {}),
);
socket.on('error', () => {});
// ip_nonlocal_bind is on: the address may come and go.
socket.bind(Number(udpPort), address, () =>
  greeter.listen(Number(tcpPort), '0.0.0.0', () => {
    writeFileSync(pidFile, `${process.pid}\n`);
    process.stdout.write('ready\n');
  }),
);

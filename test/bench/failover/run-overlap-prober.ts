// Runs in the client's namespace: asks every host at once for both addresses, each way every 2 ms, by frames that are addressed to the
// host itself; and keeps a connection of its own open to each address. Socat puts the frames on the wire, one for each datagram
// that it is given. Arguments: the client's device, its MAC and two addresses, the group's two addresses, the MACs of the hosts.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { arpRequest, neighbourSolicitation, tcpFrame, udpFrame } from './overlap-frames.ts';
import { overlapPorts } from './overlap-ports.ts';

const [device = '', mac = '', clientV4 = '', clientV6 = '', v4 = '', v6 = '', ...hostMacs] = process.argv.slice(2);
/** Both families in turn, so each every 2 ms. */
const turnMs = 1;
/** New connections come from ports in turn, so that each is new to the host. */
const sourcePorts = Array.from({ length: 512 }, (_, index) => 20_000 + index);
const socatPort = 5990;
const connectAgainMs = 50;
const silenceMsMax = 300;

setPriority(-20);
const pairs = [
  { client: { mac, address: clientV4 }, address: v4, ask: arpRequest },
  { client: { mac, address: clientV6 }, address: v6, ask: neighbourSolicitation },
];
const roundsByFamily = pairs.map(({ client, address, ask }) =>
  sourcePorts.map((source) => [
    ask(client, address),
    ...hostMacs.flatMap((hostMac) => {
      const host = { mac: hostMac, address };
      return [
        udpFrame(client, host, overlapPorts.sink, overlapPorts.udp),
        udpFrame(client, host, overlapPorts.sink, overlapPorts.behind),
        tcpFrame(client, host, source, overlapPorts.tcp, 'syn'),
        tcpFrame(client, host, source + sourcePorts.length, overlapPorts.tcp, 'ack'),
      ];
    }),
  ]),
);

for (const address of [clientV4, clientV6]) {
  const sink = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  sink.on('message', () => {});
  sink.bind(overlapPorts.sink, address);
}
for (const host of [v4, v6]) {
  const keep = () => {
    const socket = connect({ host, port: overlapPorts.tcp });
    socket.setNoDelay(true);
    socket.setTimeout(silenceMsMax, () => socket.destroy());
    const talk = setInterval(() => socket.writableLength < 1024 && socket.write('.'), 2 * turnMs);
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(talk);
      setTimeout(keep, connectAgainMs);
    });
  };
  keep();
}
const socat = spawn('socat', ['-u', `UDP4-RECV:${socatPort},bind=127.0.0.1`, `INTERFACE:${device}`], {
  stdio: 'ignore',
});
const toSocat = createSocket('udp4');
toSocat.on('error', () => {});
let turn = 0;
setInterval(() => {
  turn += 1;
  const round = roundsByFamily[turn % 2]?.[Math.floor(turn / 2) % sourcePorts.length] ?? [];
  for (const frame of round) toSocat.send(frame, socatPort, '127.0.0.1', () => {});
}, turnMs);
process.stdout.write('ready\n');
const end = () => {
  socat.kill('SIGKILL');
  process.exit();
};
process.stdin.resume().on('end', end);
process.once('SIGTERM', end);

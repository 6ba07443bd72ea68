// Runs in the client's namespace: asks every address by UDP each 2 ms of its own schedule, and tells what was answered and where the
// prober itself stood still, so that a silence of its own making is never taken for one of the hosts'. Arguments: port, addresses.
// Output, in batches: `answer ADDRESS AT HOST`, `stall FROM TO`, `until AT`, in ms of the clock that the machine's processes share.
import { createSocket } from 'node:dgram';

const periodMs = 2;
/** Two questions further apart than this were not asked on schedule. */
const stallMs = 6;
const flushEveryMs = 20;

const [portText = '0', ...addresses] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const lines: string[] = [];

// A socket each: one whose address has no neighbour yet is full of questions that wait for it.
const sockets = addresses.map((address) => {
  const socket = createSocket('udp4');
  socket.on('message', (host) => lines.push(`answer ${address} ${now().toFixed(3)} ${host.toString('latin1')}`));
  socket.on('error', () => {});
  return { socket, address };
});
let nextAt = now();
let lastAt = nextAt;
setInterval(() => {
  const at = now();
  if (at < nextAt) return;
  nextAt = Math.max(nextAt + periodMs, at - periodMs);
  if (at - lastAt > stallMs) lines.push(`stall ${lastAt.toFixed(3)} ${at.toFixed(3)}`);
  lastAt = at;
  for (const { socket, address } of sockets)
    if (socket.getSendQueueCount() === 0) socket.send('?', Number(portText), address, () => {});
}, 1);
setInterval(() => {
  lines.push(`until ${now().toFixed(3)}`);
  process.stdout.write(`${lines.splice(0).join('\n')}\n`);
}, flushEveryMs);
process.stdout.write('ready\n');
process.stdout.on('error', () => process.exit());

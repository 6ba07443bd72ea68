// Runs in the client's namespace: asks every address by UDP each 2 ms of its own schedule, and tells what was answered and where the
// prober itself stood still, so that a silence of its own making is never taken for one of the hosts'. Each second time it also asks
// from sources that are routed to one host each: whoever still answers for an address is heard, wherever its neighbours believe it is.
// Arguments: port, those sources with commas between, addresses. Output, in batches: `answer ADDRESS AT HOST` where AT is the arrival,
// `direct ADDRESS AT HOST` where AT is the host's own, `stall FROM TO`, `until AT`, in ms of the clock that the machine's processes share.
import { createSocket } from 'node:dgram';

const periodMs = 2;
/** Two questions further apart than this were not asked on schedule. */
const stallMs = 6;
const flushEveryMs = 20;

const [portText = '0', sourcesText = '', ...addresses] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const lines: string[] = [];

// A socket each: one whose address has no neighbour yet is full of questions that wait for it.
function open(address: string, tell: (host: string, sentAt: string) => string) {
  const socket = createSocket('udp4');
  socket.on('message', (answer) => {
    const [host = '', sentAt = ''] = answer.toString('latin1').split(' ');
    lines.push(tell(host, sentAt));
  });
  socket.on('error', () => {});
  return { socket, address };
}
const sockets = addresses.map((address) => open(address, (host) => `answer ${address} ${now().toFixed(3)} ${host}`));
const direct = addresses.flatMap((address) =>
  sourcesText.split(',').map((source) => {
    const opened = open(address, (host, sentAt) => `direct ${address} ${sentAt} ${host}`);
    opened.socket.bind(0, source);
    return opened;
  }),
);
function ask(asking: typeof sockets): void {
  for (const { socket, address } of asking)
    if (socket.getSendQueueCount() === 0) socket.send('?', Number(portText), address, () => {});
}
let isDirectDue = false;
let nextAt = now();
let lastAt = nextAt;
setInterval(() => {
  const at = now();
  if (at < nextAt) return;
  nextAt = Math.max(nextAt + periodMs, at - periodMs);
  if (at - lastAt > stallMs) lines.push(`stall ${lastAt.toFixed(3)} ${at.toFixed(3)}`);
  lastAt = at;
  ask(sockets);
  if (isDirectDue) ask(direct);
  isDirectDue = !isDirectDue;
}, 1);
setInterval(() => {
  lines.push(`until ${now().toFixed(3)}`);
  process.stdout.write(`${lines.splice(0).join('\n')}\n`);
}, flushEveryMs);
process.stdout.write('ready\n');
process.stdout.on('error', () => process.exit());

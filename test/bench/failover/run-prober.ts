// Runs in the client's namespace: asks every address by UDP each 2 ms of its own schedule, and tells what was answered and where the
// prober itself stood still, so that a silence of its own making is never taken for one of the hosts'. Arguments: port, addresses.
// Output, in batches: `answer ADDRESS SENT RECEIVED HOST` and `stall FROM TO`, in ms of the clock that the machine's processes share.
import { createSocket } from 'node:dgram';
import { setPriority } from 'node:os';

const periodMs = 2;
/** Two questions further apart than this were not asked on schedule. */
const stallMs = 6;
const flushEveryMs = 20;
/** A question older than this is answered too late to be matched. */
const questionsMax = 4096;

const [portText = '0', ...addresses] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const lines: string[] = [];

setPriority(-20);
const socket = createSocket('udp4');
const sentAt = new Float64Array(questionsMax);
let sequence = 0;
let nextAt = now();
let lastAt = nextAt;
socket.on('message', (answer, { address }) => {
  const receivedAt = now();
  const [host = '', asked = ''] = answer.toString('latin1').split(' ');
  const number = Number(asked);
  if (sequence - number >= questionsMax) return;
  const sent = sentAt[number % questionsMax] ?? 0;
  lines.push(`answer ${address} ${sent.toFixed(3)} ${receivedAt.toFixed(3)} ${host}`);
});
socket.on('error', () => {});
setInterval(() => {
  const at = now();
  if (at < nextAt) return;
  nextAt = Math.max(nextAt + periodMs, at - periodMs);
  if (at - lastAt > stallMs) lines.push(`stall ${lastAt.toFixed(3)} ${at.toFixed(3)}`);
  lastAt = at;
  sequence += 1;
  sentAt[sequence % questionsMax] = at;
  for (const address of addresses) socket.send(String(sequence), Number(portText), address, () => {});
}, 1);
setInterval(() => {
  lines.push(`until ${now().toFixed(3)}`);
  process.stdout.write(`${lines.splice(0).join('\n')}\n`);
}, flushEveryMs);
process.stdout.write('ready\n');
process.stdout.on('error', () => process.exit());

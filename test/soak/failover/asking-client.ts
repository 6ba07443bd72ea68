// Runs in the client's namespace: asks every host at once for the address, each from a source that is routed to that host, and
// once more as any client would. Tells who answered as stretches of time, and all that are open when it is told `mark`.
// Arguments: period in ms, port, address, the client's own source, one source for each host.
import { createSocket } from 'node:dgram';
import { constants, setPriority } from 'node:os';
import { mergeWithinMs } from './answer-times.ts';

// A wait for the processor would look like silence of the address.
setPriority(constants.priority.PRIORITY_HIGHEST);
const [periodText = '4', portText = '0', address = '', ...sources] = process.argv.slice(2);
type Open = { firstAt: number; lastAt: number; answers: number };
const open = new Map<string, Open>();

function close(key: string, { firstAt, lastAt, answers }: Open): void {
  process.stdout.write(`${key} ${firstAt} ${lastAt} ${answers}\n`);
  open.delete(key);
}
function note(key: string, at: number): void {
  const stretch = open.get(key);
  if (stretch !== undefined && at - stretch.lastAt <= mergeWithinMs) {
    stretch.lastAt = at;
    stretch.answers += 1;
    return;
  }
  if (stretch !== undefined) close(key, stretch);
  open.set(key, { firstAt: at, lastAt: at, answers: 1 });
}

const [own = '', ...direct] = sources;
for (const source of [own, ...direct]) {
  const socket = createSocket('udp4');
  const way = source === own ? 'client' : 'direct';
  socket.on('message', (answer) => {
    const [host = '', at = '0'] = answer.toString('utf8').split(' ');
    note(`${way} ${host}`, Number(at));
  });
  socket.on('error', () => {});
  socket.bind(0, source);
  socket.once('listening', () => {
    setInterval(() => socket.send('?', Number(portText), address, () => {}), Number(periodText));
  });
}
process.stdin.on('data', () => {
  for (const [key, stretch] of open) close(key, stretch);
  process.stdout.write('mark\n');
});
process.stdin.once('end', () => process.exit());
process.stdout.write('ready\n');

// Our own mail log: a cluster's traffic as Postfix 3.7 and Dovecot 2.3 write it with rsyslog's classic header, in time order,
// from a seed, with the exact totals of what was written. Nothing of it comes from anybody's mail.
import type { GenerateOptions, Tally } from './generate-terms.ts';
import { tallies } from './generate-terms.ts';
import { startCluster } from './generate-traffic.ts';

export const generateDefaults: GenerateOptions = {
  lines: 1_000_000,
  seed: 42,
  startAt: Date.UTC(2026, 10, 1),
  hosts: ['mx1', 'mx2', 'mx3'],
};

export type LogTruth = {
  readonly lines: number;
  readonly bytes: number;
  readonly dovecotLines: number;
  /** Sum of `size=` over the `queued` lines. */
  readonly queuedBytes: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly counts: Readonly<Record<Tally, number>>;
};

/** A line that will be written when its time has come. */
type PendingLine = {
  readonly at: number;
  readonly order: number;
  readonly text: string;
  readonly tally: Tally;
  readonly size: number;
};

const chunkChars = 1 << 18;

/** Writes exactly `lines` lines, in chunks of whole lines; returns what they add up to. */
export function generateLog(options: GenerateOptions, write: (chunk: string) => void): LogTruth {
  const pending = createHeap();
  let order = 0;
  const cluster = startCluster(options, (at, text, tally, size) => {
    pending.push({ at, order: order++, text, tally, size });
  });
  const counts = Object.fromEntries(tallies.map((name) => [name, 0])) as Record<Tally, number>;
  let chunk = '';
  let bytes = 0;
  let lines = 0;
  let dovecotLines = 0;
  let queuedBytes = 0;
  let firstAt = Number.NaN;
  let lastAt = options.startAt;
  const stamp = createStamp();
  while (lines < options.lines) {
    // Everything that can still come is later than the next arrival.
    const arrivalAt = cluster.arrive();
    for (let line = pending.peek(); line !== undefined && line.at <= arrivalAt; line = pending.peek()) {
      pending.pop();
      if (lines === options.lines) break;
      const text = `${stamp(line.at)} ${line.text}\n`;
      chunk += text;
      bytes += text.length;
      lines++;
      counts[line.tally]++;
      if (line.text.includes(' dovecot: ')) dovecotLines++;
      queuedBytes += line.size;
      if (lines === 1) firstAt = line.at;
      lastAt = line.at;
      if (chunk.length >= chunkChars) {
        write(chunk);
        chunk = '';
      }
    }
  }
  if (chunk !== '') write(chunk);
  return { lines, bytes, dovecotLines, queuedBytes, firstAt, lastAt, counts };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov  1 00:00:07`; the last second is remembered. */
function createStamp(): (at: number) => string {
  let second = -1;
  let text = '';
  return (at) => {
    const now = Math.floor(at / 1000);
    if (now === second) return text;
    second = now;
    const date = new Date(now * 1000);
    const day = String(date.getUTCDate()).padStart(2, ' ');
    text = `${months[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)}`;
    return text;
  };
}

type Heap = {
  readonly push: (line: PendingLine) => void;
  readonly peek: () => PendingLine | undefined;
  readonly pop: () => void;
};

/** Binary heap by time, then by the order in which lines were made. */
function createHeap(): Heap {
  const items: PendingLine[] = [];
  const isBefore = (a: PendingLine, b: PendingLine): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  return {
    push(line) {
      let at = items.length;
      items.push(line);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const above = items[parent];
        if (above === undefined || !isBefore(line, above)) break;
        items[at] = above;
        at = parent;
      }
      items[at] = line;
    },
    peek: () => items[0],
    pop() {
      const last = items.pop();
      if (last === undefined || items.length === 0) return;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        const left = items[child];
        if (left === undefined) break;
        const right = items[child + 1];
        let smaller = left;
        if (right !== undefined && isBefore(right, left)) {
          child++;
          smaller = right;
        }
        if (!isBefore(smaller, last)) break;
        items[at] = smaller;
        at = child;
      }
      items[at] = last;
    },
  };
}

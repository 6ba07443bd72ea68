// Two bags of millions of lines compared in little memory: each line is a 53-bit number, and a bag a sorted row of them.
import { Buffer } from 'node:buffer';

const newline = 0x0a;

/** Two FNV-1a walks over the bytes at once, of which 53 bits are kept: among ten million lines a clash is a rare event. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let [low, high] = [0x811c9dc5, 0x9747b28c];
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b) ^ (high >>> 13);
  }
  return (low >>> 0) * 2 ** 21 + (high >>> 11);
}

/** Holds at most `linesMax` lines. Chunks may end within a line. */
export function createLineMultiset(linesMax: number) {
  const hashes = new Float64Array(linesMax);
  let count = 0;
  let rest: Buffer = Buffer.alloc(0);
  return {
    add: (chunk: Buffer): void => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
        if (count === linesMax) throw new RangeError(`more than ${linesMax} lines`);
        hashes[count++] = hashOf(bytes, at, end);
        at = end + 1;
      }
      rest = Buffer.from(bytes.subarray(at));
    },
    sorted: (): Float64Array => hashes.subarray(0, count).sort(),
  };
}

/** Lines of `written` that `stored` lacks, and lines of `stored` beyond those of `written`; both sorted. */
export function compareLines(written: Float64Array, stored: Float64Array): { lost: number; doubled: number } {
  let [lost, doubled, at] = [0, 0, 0];
  for (const hash of written) {
    while (at < stored.length && (stored[at] ?? 0) < hash) {
      doubled++;
      at++;
    }
    if (stored[at] === hash) at++;
    else lost++;
  }
  return { lost, doubled: doubled + stored.length - at };
}

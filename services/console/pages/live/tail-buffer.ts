// The newest lines of the tail, bounded: what no longer fits is forgotten from the old end.
import type { TailChunkWire, TailLineWire } from '../../../protocol/wire.ts';

export const tailLinesMax = 2000;

export type NumberedLine = TailLineWire & { readonly number: number };
export type Tail = {
  readonly lines: readonly NumberedLine[];
  /** Lines taken in so far; numbers the next one. */
  readonly taken: number;
  /** Lines that the server left out to keep its pace. */
  readonly skipped: number;
};

export const emptyTail: Tail = { lines: [], taken: 0, skipped: 0 };

export function takeChunk(tail: Tail, chunk: TailChunkWire, linesMax = tailLinesMax): Tail {
  const numbered = chunk.lines.map((line, at) => ({ ...line, number: tail.taken + at }));
  return {
    lines: [...tail.lines, ...numbered].slice(-linesMax),
    taken: tail.taken + chunk.lines.length,
    skipped: tail.skipped + chunk.skipped,
  };
}

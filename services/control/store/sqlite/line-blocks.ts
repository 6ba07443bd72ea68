// Raw lines, stored as they came: consecutive lines of one source in blocks, each compressed as a whole. Without an index
// over lines, keeping them costs little more than compressing them; stories point to (block, index).
import type { DatabaseSync } from 'node:sqlite';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

export const blockLimits = {
  /** A block is written for good when it has this many bytes of lines. Small enough to read a few for one story. */
  rawBytes: 128 * 1024,
  /** Sources whose last block is kept in memory to be continued; beyond, a block stays smaller than it could be. */
  openMax: 256,
  /** A decompressed block is never larger: the last line may overshoot `rawBytes`. */
  decompressedBytesMax: 8 * 1024 * 1024,
  /** Lines of one block were read within this time: a date without a year is told by when it was read. */
  readMsMax: 30 * 86_400_000,
} as const;

type OpenBlock = {
  readonly no: number;
  readonly timeZone: string;
  /** Its lines are read again by the later one: no line's date lies ahead of that. */
  readonly firstReadMs: number;
  lastReadMs: number;
  parts: Buffer[];
  bytes: number;
  lines: number;
  lastTime: number;
  isDirty: boolean;
};

/** Handles some whole lines and returns how many they are and their latest time. */
export type OnLines = (text: string, block: number, firstIndex: number) => { lines: number; lastTime: number };

export type LineBlocks = {
  /** Appends whole lines of a source. */
  readonly append: (source: { no: number; timeZone: string; readMs: number }, bytes: Buffer, onLines: OnLines) => void;
  /** Writes what has changed; part of the caller's transaction. */
  readonly flush: () => void;
  /** Continues no block that is stored already: retention may have taken it. To be called when all is flushed. */
  readonly closeAll: () => void;
};

const level1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export function createLineBlocks(db: DatabaseSync): LineBlocks {
  const put = db.prepare(
    'INSERT OR REPLACE INTO block (no, source, last_time, read_ms, time_zone, lines, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const last = db.prepare('SELECT max(no) AS no FROM block').get();
  let nextNo = Number(last?.no ?? 0) + 1;
  const open = new Map<number, OpenBlock>();

  function write(source: number, block: OpenBlock): void {
    const data = zstdCompressSync(
      block.parts.length === 1 ? (block.parts[0] ?? Buffer.alloc(0)) : Buffer.concat(block.parts),
      level1,
    );
    put.run(block.no, source, block.lastTime, block.lastReadMs, block.timeZone, block.lines, data);
    block.isDirty = false;
  }

  function blockOf(source: { no: number; timeZone: string; readMs: number }): OpenBlock {
    const known = open.get(source.no);
    if (known !== undefined && known.timeZone === source.timeZone && isReadTogether(known, source.readMs)) {
      known.lastReadMs = Math.max(known.lastReadMs, source.readMs);
      return known;
    }
    if (known?.isDirty) write(source.no, known);
    const { timeZone, readMs } = source;
    const counts = { parts: [], bytes: 0, lines: 0, lastTime: 0, isDirty: false };
    const block = { no: nextNo, timeZone, firstReadMs: readMs, lastReadMs: readMs, ...counts };
    nextNo += 1;
    open.delete(source.no);
    open.set(source.no, block);
    if (open.size > blockLimits.openMax) {
      const [oldest, given] = open.entries().next().value ?? [];
      if (oldest !== undefined && given !== undefined) {
        if (given.isDirty) write(oldest, given);
        open.delete(oldest);
      }
    }
    return block;
  }

  return {
    append: (source, bytes, onLines) => {
      for (let at = 0; at < bytes.length; ) {
        const block = blockOf(source);
        const end = cutAt(bytes, at, blockLimits.rawBytes - block.bytes);
        const part = bytes.subarray(at, end);
        const { lines, lastTime } = onLines(part.toString('utf8'), block.no, block.lines);
        block.bytes += part.length;
        block.lines += lines;
        block.lastTime = Math.max(block.lastTime, lastTime);
        block.isDirty = true;
        if (block.bytes >= blockLimits.rawBytes) {
          block.parts.push(part);
          write(source.no, block);
          open.delete(source.no);
        } else {
          // A copy: the part is a view of the whole batch.
          block.parts.push(Buffer.from(part));
        }
        at = end;
      }
    },
    flush: () => {
      for (const [source, block] of open) if (block.isDirty) write(source, block);
    },
    closeAll: () => open.clear(),
  };
}

const isReadTogether = (block: OpenBlock, readMs: number): boolean =>
  Math.abs(readMs - block.firstReadMs) <= blockLimits.readMsMax;

/** End of the first line that reaches `room` bytes, or of the text. */
function cutAt(bytes: Buffer, from: number, room: number): number {
  if (from + room >= bytes.length) return bytes.length;
  const end = bytes.indexOf(10, from + Math.max(0, room - 1));
  return end < 0 ? bytes.length : end + 1;
}

/** Lines of a stored block by index. Bytes that are no UTF-8 read as U+FFFD; the stored bytes stay as they came. */
export function readBlockLines(data: Uint8Array): string[] {
  const text = zstdDecompressSync(data, { maxOutputLength: blockLimits.decompressedBytesMax }).toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

// Lines that came over the network, kept on disk until control has them. Segments of checksummed records; a record counts
// once fsync has returned, and only then may it be shipped. Places are bytes of lines, so that the spool reads like a file.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeDurably } from '../../runtime/durable-file.ts';
import { recordBytesMax, recordHeadBytes, sealRecord } from './record.ts';
import { firstOffsetOf, measureSegment, readRecord, segmentName } from './segment.ts';

type Segment = { readonly firstOffset: number; lineBytes: number; endAt: number };

/** Left free on the disk: it is also the queue's and the mail store's. */
export const freeBytesMin = 16 * 1024 * 1024;

export type Spool = {
  /** Names the stream; another one when the folder was made anew. */
  readonly id: string;
  /** Bytes of lines that are durable, counted from the stream's beginning. */
  readonly endOffset: () => number;
  readonly diskBytes: () => number;
  /** Makes whole lines durable. `full`: there is no room for them now, and nothing of them is kept. */
  readonly append: (lines: Buffer) => Promise<'kept' | 'full'>;
  /** Bytes of lines from `offset` on, at most `length`, into `buffer`; returns how many. */
  readonly readAt: (buffer: Buffer, length: number, offset: number) => Promise<number>;
  /** The first byte at `offset` or behind it that is there: damage leaves holes. */
  readonly nextOffset: (offset: number) => number;
  /** What is appended from now on stands at `offset` or behind it: control has that much, and the disk has forgotten. */
  readonly skipTo: (offset: number) => Promise<void>;
  /** Control has everything before `offset`: segments that end there or before are removed. */
  readonly release: (offset: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Opens the spool in `folder`, or makes one. What a crash tore at the end is cut off; `onTorn` is told how much. */
export async function openSpool(
  folder: string,
  limits: { readonly bytesMax: number; readonly segmentBytes: number },
  onTorn: (bytes: number) => void,
): Promise<Spool> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const idFile = join(folder, 'id');
  const id = await readFile(idFile, 'utf8').catch(async () => {
    const made = randomUUID();
    await writeDurably(idFile, made);
    return made;
  });
  const pathOf = (segment: Segment) => join(folder, segmentName(segment.firstOffset));

  const segments: Segment[] = [];
  let writer: FileHandle | undefined;
  const names = (await readdir(folder)).map(firstOffsetOf).filter((offset) => offset !== undefined);
  for (const firstOffset of names.sort((a, b) => a - b)) {
    const segment: Segment = { firstOffset, lineBytes: 0, endAt: 0 };
    const file = await open(pathOf(segment), 'r+');
    const { size } = await file.stat();
    Object.assign(segment, await measureSegment(file));
    if (size > segment.endAt) {
      onTorn(size - segment.endAt);
      await file.truncate(segment.endAt);
      await file.sync();
    }
    segments.push(segment);
    await writer?.close();
    writer = file;
  }

  const last = () => segments.at(-1);
  const endOf = (segment: Segment | undefined) => (segment === undefined ? 0 : segment.firstOffset + segment.lineBytes);
  const diskBytes = () => segments.reduce((sum, { endAt }) => sum + endAt, 0);
  let reader: { readonly segment: Segment; readonly file: FileHandle; at: number; offset: number } | undefined;

  /** One at a time changes the segments. */
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  }

  async function beginSegment(firstOffset = endOf(last())): Promise<Segment> {
    await writer?.close();
    writer = undefined;
    const segment: Segment = { firstOffset, lineBytes: 0, endAt: 0 };
    writer = await open(pathOf(segment), constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, 0o640);
    await syncFolder(folder);
    if (last()?.firstOffset === firstOffset) segments.pop();
    segments.push(segment);
    return segment;
  }

  async function append(lines: Buffer): Promise<'kept' | 'full'> {
    const needed = lines.length + recordHeadBytes * Math.ceil(lines.length / recordBytesMax);
    if (diskBytes() + needed > limits.bytesMax) return 'full';
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < needed + freeBytesMin) return 'full';
    const tail = last();
    const segment =
      writer === undefined || tail === undefined || tail.endAt >= limits.segmentBytes ? await beginSegment() : tail;
    const parts: Buffer[] = [];
    for (let at = 0; at < lines.length; at += recordBytesMax)
      parts.push(...sealRecord(lines.subarray(at, at + recordBytesMax)));
    try {
      await writeAll(writer, Buffer.concat(parts), segment.endAt);
      await writer?.datasync();
    } catch (error) {
      await writer?.truncate(segment.endAt);
      if (isDiskFull(error)) return 'full';
      throw error;
    }
    segment.endAt += needed;
    segment.lineBytes += lines.length;
    return 'kept';
  }

  async function readerAt(offset: number): Promise<typeof reader> {
    if (reader !== undefined && offset >= reader.offset && offset < endOf(reader.segment)) return reader;
    const segment = segments.find((one) => offset >= one.firstOffset && offset < endOf(one));
    await reader?.file.close();
    reader = undefined;
    if (segment === undefined) return undefined;
    reader = { segment, file: await open(pathOf(segment), 'r'), at: 0, offset: segment.firstOffset };
    return reader;
  }

  async function readAt(buffer: Buffer, length: number, offset: number): Promise<number> {
    let filled = 0;
    while (filled < length) {
      const from = offset + filled;
      const place = await readerAt(from);
      if (place === undefined) break;
      const record = await readRecord(place.file, place.at);
      if (record === undefined) throw new Error(`the spool is damaged at byte ${place.at} of ${pathOf(place.segment)}`);
      const recordEnd = place.offset + record.payload.length;
      if (from < recordEnd)
        filled += record.payload.copy(buffer, filled, from - place.offset, from - place.offset + length - filled);
      // A record that was not taken whole is read again from its beginning.
      if (offset + filled < recordEnd) break;
      place.at = record.nextAt;
      place.offset = recordEnd;
    }
    return filled;
  }

  return {
    id,
    endOffset: () => endOf(last()),
    diskBytes,
    append: (lines) => inTurn(() => append(lines)),
    readAt,
    nextOffset: (offset) => {
      const segment = segments.find((one) => offset < endOf(one));
      return segment === undefined ? endOf(last()) : Math.max(offset, segment.firstOffset);
    },
    skipTo: (offset) =>
      inTurn(async () => {
        if (offset > endOf(last())) await beginSegment(offset);
      }),
    release: (offset) =>
      inTurn(async () => {
        // The last one stays: its name keeps the count.
        for (
          let first = segments[0];
          segments.length > 1 && first !== undefined && endOf(first) <= offset;
          first = segments[0]
        ) {
          if (reader?.segment === first) {
            await reader.file.close();
            reader = undefined;
          }
          await rm(pathOf(first), { force: true });
          segments.shift();
        }
        const only = segments[0];
        // Everything is with control: an empty one takes its place, so that the disk is given back.
        if (only !== undefined && segments.length === 1 && only.endAt >= limits.segmentBytes && endOf(only) <= offset) {
          await beginSegment();
          await rm(pathOf(only), { force: true });
          segments.shift();
        }
      }),
    close: async () => {
      await turn;
      await reader?.file.close();
      await writer?.close();
    },
  };
}

async function writeAll(file: FileHandle | undefined, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const result = await file?.write(bytes, at, bytes.length - at, position + at);
    if (result === undefined) throw new Error('no segment is open');
    at += result.bytesWritten;
  }
}

const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String((error as NodeJS.ErrnoException).code));

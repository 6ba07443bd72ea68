import type { FileHandle } from 'node:fs/promises';
import { isSound, payloadBytesOf, recordBytesMax, recordHeadBytes } from './record.ts';

/** Segments are named by the place of their first byte in the stream, so that their order is that of their names. */
export const segmentName = (firstOffset: number): string => `${String(firstOffset).padStart(16, '0')}.spool`;

export function firstOffsetOf(name: string): number | undefined {
  const [, digits] = /^(\d{16})\.spool$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** A record's place in its file, and what it holds. */
export type ReadRecord = { readonly payload: Buffer; readonly nextAt: number };

/** The record at `at` of a segment; `undefined` at the end, and where a record is torn or damaged. */
export async function readRecord(file: FileHandle, at: number): Promise<ReadRecord | undefined> {
  const head = Buffer.allocUnsafe(recordHeadBytes);
  const { bytesRead } = await file.read(head, 0, recordHeadBytes, at);
  const bytes = payloadBytesOf(head.subarray(0, bytesRead));
  if (bytes === undefined) return undefined;
  const payload = Buffer.allocUnsafe(Math.min(bytes, recordBytesMax));
  const read = await file.read(payload, 0, bytes, at + recordHeadBytes);
  if (read.bytesRead < bytes || !isSound(head, payload)) return undefined;
  return { payload, nextAt: at + recordHeadBytes + bytes };
}

/** Walks a segment's sound records: how many bytes of lines they hold, and where the file stops making sense. */
export async function measureSegment(
  file: FileHandle,
): Promise<{ readonly lineBytes: number; readonly endAt: number }> {
  let [lineBytes, endAt] = [0, 0];
  for (let record = await readRecord(file, 0); record !== undefined; record = await readRecord(file, endAt)) {
    lineBytes += record.payload.length;
    endAt = record.nextAt;
  }
  return { lineBytes, endAt };
}

// Records of a spool's segment: length, checksum, bytes. What was torn by a crash does not match its checksum.
import { crc32 } from 'node:zlib';

/** Length and checksum, both unsigned 32 bits, little endian. */
export const recordHeadBytes = 8;

/** Whole lines of one record at most; one write gathers no more. */
export const recordBytesMax = 256 * 1024;

/** The head and the bytes of a record, to be written one after the other. */
export function sealRecord(payload: Buffer): readonly [Buffer, Buffer] {
  const head = Buffer.allocUnsafe(recordHeadBytes);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  return [head, payload];
}

/** How long the record is that begins with `head`; `undefined` for what no record begins with. */
export function payloadBytesOf(head: Buffer): number | undefined {
  if (head.length < recordHeadBytes) return undefined;
  const bytes = head.readUInt32LE(0);
  return bytes > 0 && bytes <= recordBytesMax ? bytes : undefined;
}

export const isSound = (head: Buffer, payload: Buffer): boolean => head.readUInt32LE(4) === crc32(payload);

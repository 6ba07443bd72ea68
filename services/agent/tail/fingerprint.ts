import { createHash } from 'node:crypto';

/** Bytes at a file's beginning that tell it from every other; a longer first line is known by its first part. */
export const headBytesMax = 1024;

const newline = 0x0a;

/**
 * The name of the stream that a file holds: a hash of the node and the file's first line, so that it stays the same when
 * the file is renamed or copied, and is another once the file was truncated and begun anew. `undefined` while the first
 * line is not whole yet. `head` is the file's first `headBytesMax` bytes, or all of it.
 */
export function sourceIdOf(node: string, head: Uint8Array): string | undefined {
  const end = head.indexOf(newline);
  if (end < 0 && head.length < headBytesMax) return undefined;
  const firstLine = end < 0 ? head : head.subarray(0, end);
  return createHash('sha256').update(node).update('\0').update(firstLine).digest('hex').slice(0, 32);
}

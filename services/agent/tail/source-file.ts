import { type FileHandle, open } from 'node:fs/promises';
import { batchLimits } from '../../protocol/ingest.ts';
import { type Cut, cutBatch } from './cut-batch.ts';
import { headBytesMax, sourceIdOf } from './fingerprint.ts';
import type { OpenFile } from './follow.ts';

/** Bytes read for one batch: enough to be worth a request, and never more than a batch may hold. */
export const readBytesMax = 1024 * 1024;
if (readBytesMax > batchLimits.rawBytesMax || readBytesMax <= batchLimits.lineBytesMax)
  throw new RangeError('one read holds at least a line and at most a batch');

export type SourceRead =
  | { readonly result: 'batch'; readonly cut: Cut }
  /** Nothing but the beginning of a line; `sizeBytes` is how far that was looked at. */
  | { readonly result: 'nothing'; readonly sizeBytes: number }
  /** The file is no longer what it was: it was truncated or written anew. */
  | { readonly result: 'changed' };

export type SourceFile = {
  readonly look: () => Promise<OpenFile>;
  /** `buffer` holds `readBytesMax`; the batch refers to it until it is used again. */
  readonly read: (sourceId: string, offset: number, buffer: Buffer) => Promise<SourceRead>;
  readonly close: () => Promise<void>;
};

/** Opens a file of `node` to be read as a source. The descriptor keeps its bytes readable when the name moves or goes. */
export async function openSourceFile(node: string, path: string): Promise<SourceFile> {
  const handle = await open(path, 'r');
  const readId = async () => sourceIdOf(node, await readHead(handle));
  return {
    look: async () => {
      const [stat, sourceId] = [await handle.stat(), await readId()];
      return { fileKey: `${stat.dev}:${stat.ino}`, sizeBytes: stat.size, sourceId, hasName: stat.nlink > 0 };
    },
    read: async (sourceId, offset, buffer) => {
      // One byte more in front: unless it ends a line, the offset stands inside a line whose rest is to be cut.
      const from = Math.max(0, offset - 1);
      const { bytesRead } = await handle.read(buffer, 0, readBytesMax, from);
      // A file may be truncated and begun anew between two looks. What was read counts only if it still begins as it did.
      if ((await readId()) !== sourceId || bytesRead < offset - from) return { result: 'changed' };
      const isInsideLine = offset > 0 && buffer[0] !== 0x0a;
      const cut = cutBatch(buffer.subarray(offset - from, bytesRead), isInsideLine);
      return cut === undefined ? { result: 'nothing', sizeBytes: from + bytesRead } : { result: 'batch', cut };
    },
    close: () => handle.close(),
  };
}

/** The fingerprint of the file at `path`, with a stat of that same file. */
export async function identify(node: string, path: string) {
  const handle = await open(path, 'r');
  try {
    const head = await readHead(handle);
    return { stat: await handle.stat(), sourceId: sourceIdOf(node, head) };
  } finally {
    await handle.close();
  }
}

async function readHead(handle: FileHandle): Promise<Uint8Array> {
  const head = Buffer.allocUnsafe(headBytesMax);
  const { bytesRead } = await handle.read(head, 0, headBytesMax, 0);
  return head.subarray(0, bytesRead);
}

import { batchLimits } from '../../protocol/ingest.ts';
import { type ByteFile, openPlain } from './byte-file.ts';
import { type Cut, cutBatch } from './cut-batch.ts';
import { sourceIdOf } from './fingerprint.ts';
import type { OpenFile } from './follow.ts';
import { openPacked, packedFormatOf } from './packed.ts';

/** Bytes read for one batch: enough to be worth a request, and never more than a batch may hold. */
export const readBytesMax = 1024 * 1024;
if (readBytesMax > batchLimits.rawBytesMax || readBytesMax <= batchLimits.lineBytesMax)
  throw new RangeError('one read holds at least a line and at most a batch');

export type SourceRead =
  | { readonly result: 'batch'; readonly cut: Cut }
  /** Nothing but the beginning of a line; `sizeBytes` is how far that was looked at. `isEnd`: no more will ever come. */
  | { readonly result: 'nothing'; readonly sizeBytes: number; readonly isEnd: boolean }
  /** The file is no longer what it was: it was truncated or written anew. */
  | { readonly result: 'changed' };

export type SourceFile = {
  readonly look: () => Promise<OpenFile>;
  /** `buffer` holds `readBytesMax`; the batch refers to it until it is used again. */
  readonly read: (sourceId: string, offset: number, buffer: Buffer) => Promise<SourceRead>;
  readonly close: () => Promise<void>;
};

/** What is told of a packed file while it is read: that it is damaged, and how large it turned out to be. */
export type PackedNews = {
  readonly onFault: (path: string, error: unknown) => void;
  readonly onEnd: (path: string, sizeBytes: number) => void;
};

const openBytes = (path: string, news: PackedNews): Promise<ByteFile> => {
  const format = packedFormatOf(path);
  if (format === undefined) return openPlain(path);
  return openPacked(path, format, {
    fault: (error) => news.onFault(path, error),
    end: (sizeBytes) => news.onEnd(path, sizeBytes),
  });
};

/** Opens a file of `node` to be read as a source. */
export async function openSourceFile(node: string, path: string, news: PackedNews): Promise<SourceFile> {
  const file = await openBytes(path, news);
  const readId = async () => sourceIdOf(node, await file.readHead());
  const isPacked = packedFormatOf(path) !== undefined;
  return {
    look: async () => {
      const [{ fileKey, sizeBytes, hasName }, sourceId] = [await file.stat(), await readId()];
      return { fileKey, sizeBytes, sourceId, hasName, isPacked };
    },
    read: async (sourceId, offset, buffer) => {
      // One byte more in front: unless it ends a line, the offset stands inside a line whose rest is to be cut.
      const from = Math.max(0, offset - 1);
      const bytesRead = await file.readAt(buffer, readBytesMax, from);
      // A file may be truncated and begun anew between two looks. What was read counts only if it still begins as it did.
      if ((await readId()) !== sourceId || bytesRead < offset - from) return { result: 'changed' };
      const isInsideLine = offset > 0 && buffer[0] !== 0x0a;
      const cut = cutBatch(buffer.subarray(offset - from, bytesRead), isInsideLine);
      return cut === undefined
        ? { result: 'nothing', sizeBytes: from + bytesRead, isEnd: isPacked }
        : { result: 'batch', cut };
    },
    close: () => file.close(),
  };
}

/** The fingerprint of the file at `path`. Of a damaged packed file it is that of what can be read. */
export async function identify(node: string, path: string, news: PackedNews) {
  const file = await openBytes(path, news);
  try {
    const sourceId = sourceIdOf(node, await file.readHead());
    return { ...(await file.stat()), sourceId };
  } finally {
    await file.close();
  }
}

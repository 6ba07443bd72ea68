import { type FileHandle, open } from 'node:fs/promises';
import { headBytesMax } from './fingerprint.ts';

/** An open file as a row of bytes; a descriptor keeps them readable when the name moves or goes. */
export type ByteFile = {
  /** Puts the bytes from `position` on into `buffer`, at most `length`; returns how many there were. */
  readonly readAt: (buffer: Buffer, length: number, position: number) => Promise<number>;
  /** The first `headBytesMax` bytes, or all; read anew each time where they may change. */
  readonly readHead: () => Promise<Uint8Array>;
  /** `sizeBytes` is that of the bytes that `readAt` gives; `hasName` is false once the last name was deleted. */
  readonly stat: () => Promise<{ readonly fileKey: string; readonly sizeBytes: number; readonly hasName: boolean }>;
  readonly close: () => Promise<void>;
};

/** Device and inode: tells whether an open file is the one under a name. */
export const fileKeyOf = (stat: { readonly dev: number; readonly ino: number }): string => `${stat.dev}:${stat.ino}`;

/** Opens a file whose bytes are what they are. */
export async function openPlain(path: string): Promise<ByteFile> {
  const handle: FileHandle = await open(path, 'r');
  return {
    readAt: async (buffer, length, position) => (await handle.read(buffer, 0, length, position)).bytesRead,
    readHead: async () => {
      const head = Buffer.allocUnsafe(headBytesMax);
      const { bytesRead } = await handle.read(head, 0, headBytesMax, 0);
      return head.subarray(0, bytesRead);
    },
    stat: async () => {
      const stat = await handle.stat();
      return { fileKey: fileKeyOf(stat), sizeBytes: stat.size, hasName: stat.nlink > 0 };
    },
    close: () => handle.close(),
  };
}

import { open } from 'node:fs/promises';

/** Reads at most `bytesMax` bytes from the start of a file as text. `undefined` when there is no such file. */
export async function readBounded(file: string, bytesMax: number): Promise<string | undefined> {
  const handle = await openIfThere(file);
  if (handle === undefined) return undefined;
  try {
    // Files of /proc say that they are empty: read until nothing comes, in pieces.
    const pieces: Buffer[] = [];
    let left = bytesMax;
    while (left > 0) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(Math.min(left, 64 * 1024)), 0);
      if (bytesRead === 0) break;
      pieces.push(buffer.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return Buffer.concat(pieces).toString('utf8');
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string) {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** True for what is simply not there: no such file, no such directory, or a process that has ended meanwhile. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH';
}

import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes `text` so that a crash at any moment leaves the old file or the new one whole: a new file, fsync, rename, fsync.
 * `mode` is that of the file whatever stood there before; keys are for their owner alone.
 */
export async function writeDurably(file: string, text: string, mode = 0o640): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  const fresh = await open(`${file}.new`, 'w', mode);
  try {
    // A file that a crash left behind keeps its mode when it is opened again.
    await fresh.chmod(mode);
    await fresh.writeFile(text);
    await fresh.sync();
  } finally {
    await fresh.close();
  }
  await rename(`${file}.new`, file);
  await syncFolder(dirname(file));
}

/** Makes names that were added to or taken from a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

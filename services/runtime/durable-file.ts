import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes `text` so that a crash at any moment leaves the old file or the new one whole: a new file, fsync, rename, fsync.
 * `mode` is that of the file whatever stood there before; keys are for their owner alone. `owner` is for root, who writes for
 * another.
 */
export async function writeDurably(
  file: string,
  text: string,
  mode = 0o640,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  // By process, so that two that write the same file do not meet; what a crash left under our number goes.
  const freshFile = `${file}.${process.pid}.new`;
  await rm(freshFile, { force: true });
  // Exclusive: root may write in a folder of somebody who puts a link where the new file is to be, and must not follow it.
  const fresh = await open(freshFile, 'wx', mode);
  try {
    // What the mask of the process took from the mode.
    await fresh.chmod(mode);
    if (owner !== undefined) await fresh.chown(owner.uid, owner.gid);
    await fresh.writeFile(text);
    await fresh.sync();
  } finally {
    await fresh.close();
  }
  await rename(freshFile, file);
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

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const piece = Buffer.alloc(64 * 1024);

/** A disk of its own in memory, mounted on `folder`. `undefined` where that is not allowed (it needs root). */
export function mountSmallDisk(folder: string, mebibytes: number) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'mailward-soak', folder], {
      stdio: 'pipe',
    });
  } catch {
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    /** Leaves not a page free. */
    fill: (): void => {
      const file = openSync(ballast, 'w');
      try {
        for (;;) writeSync(file, piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    empty: (): void => rmSync(ballast, { force: true }),
    unmount: (): void => void execFileSync('umount', ['--lazy', folder]),
  };
}

import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';

/** Bounds of one node's log: a file this large is renamed, and the one before it removed. */
export const logFileLimits = { bytesMax: 8 * 1024 * 1024, flushAfterBytes: 64 * 1024 } as const;

export type LogFile = {
  /** Lines are kept for a moment and written together by `flush`. */
  readonly append: (line: string) => void;
  readonly flush: () => void;
  readonly stop: () => void;
};

/** A mail log that rotates by rename, as logrotate does: `mail.log` becomes `mail.log.1`. Writes a line whole or not at all. */
export function openLogFile(
  path: string,
  limits: { readonly bytesMax: number; readonly flushAfterBytes: number },
): LogFile {
  let descriptor = openSync(path, 'a');
  let bytes = statSync(path).size;
  let pending = '';

  const rotate = () => {
    closeSync(descriptor);
    rmSync(`${path}.1`, { force: true });
    renameSync(path, `${path}.1`);
    descriptor = openSync(path, 'a');
    bytes = 0;
  };
  const flush = () => {
    if (pending === '') return;
    bytes += writeSync(descriptor, pending);
    pending = '';
    if (bytes >= limits.bytesMax) rotate();
  };

  return {
    append: (line) => {
      pending += `${line}\n`;
      if (pending.length >= limits.flushAfterBytes) flush();
    },
    flush,
    stop: () => {
      flush();
      closeSync(descriptor);
    },
  };
}

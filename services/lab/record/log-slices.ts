import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type LabPaths, volumeFolder } from '../lab-paths.ts';
import type { LabPlan } from '../topology.ts';

/** Of one log of one run; more is left out at its end. */
const sliceBytesMax = 32 * 1024 * 1024;

export type LogSlice = { readonly host: string; readonly name: string; readonly text: string };
type Mark = { readonly inode: number; readonly size: number };
/** `host name` → how far the log had been written. */
export type LogMarks = ReadonlyMap<string, Mark>;

/** Remembers where every log of every host ends now. */
export function markLogs(paths: LabPaths, plan: LabPlan): LogMarks {
  return new Map(
    logFiles(paths, plan).map(({ host, name, path }) => {
      const { ino: inode, size } = statSync(path);
      return [`${host} ${name}`, { inode, size }];
    }),
  );
}

/** What was written since; a log that was rotated meanwhile is read on in its first rotation. */
export function readSince(paths: LabPaths, plan: LabPlan, marks: LogMarks): readonly LogSlice[] {
  return logFiles(paths, plan).flatMap(({ host, name, path }) => {
    const mark = marks.get(`${host} ${name}`);
    const rest = mark === undefined || statSync(path).ino === mark.inode ? '' : readFrom(`${path}.1`, mark);
    const text = rest + readFrom(path, mark);
    return text === '' ? [] : [{ host, name, text }];
  });
}

function logFiles(paths: LabPaths, plan: LabPlan): readonly { host: string; name: string; path: string }[] {
  return plan.hosts.flatMap(({ name: host }) => {
    const folder = volumeFolder(paths, host, 'log');
    const own = readdirSync(join(folder, 'lab')).filter((name) => /\.(log|jsonl)$/.test(name));
    const names = [...readdirSync(folder).filter((name) => name === 'mail.log'), ...own.map((name) => `lab/${name}`)];
    return names.map((name) => ({ host, name, path: join(folder, name) }));
  });
}

/** From the mark on where it is the same file, else from its beginning; only whole lines. */
function readFrom(path: string, mark: Mark | undefined): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { ino, size } = fstatSync(file);
    const start = mark !== undefined && mark.inode === ino && mark.size <= size ? mark.size : 0;
    const buffer = Buffer.alloc(Math.min(size - start, sliceBytesMax));
    const length = readSync(file, buffer, { position: start });
    const text = buffer.toString('utf8', 0, length);
    return text.slice(0, text.lastIndexOf('\n') + 1);
  } finally {
    closeSync(file);
  }
}

import { createReadStream } from 'node:fs';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { AppError } from '../protocol/errors.ts';
import { createLineReader } from './line-reader.ts';
import { terminalSafe } from './terminal.ts';

/**
 * Every line of a file, in order; `-` is standard input, `.gz` and `.zst` are read as what they hold. Returns how many lines
 * were longer than is read. @throws AppError `missing` that names the file.
 */
export async function readLogFile(file: string, onLine: (line: string) => void): Promise<number> {
  const reader = createLineReader(onLine);
  try {
    for await (const chunk of open(file)) reader.push(chunk as Buffer);
  } catch (error) {
    throw new AppError('missing', `${terminalSafe(file)} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  reader.end();
  return reader.cutLines();
}

function open(file: string): AsyncIterable<unknown> {
  if (file === '-') return process.stdin;
  const bytes = createReadStream(file);
  const inflate = file.endsWith('.gz') ? createGunzip() : file.endsWith('.zst') ? createZstdDecompress() : undefined;
  if (inflate === undefined) return bytes;
  // A file that cannot be opened fails the reading of what it would have held.
  bytes.on('error', (error) => inflate.destroy(error));
  return bytes.pipe(inflate);
}

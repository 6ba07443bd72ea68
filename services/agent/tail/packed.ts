// Rotations that were compressed. Their bytes can only be read from the beginning on, and how many they are is known at
// the end; apart from that they are the plain file that they were made of, with the same first line.
import { spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type ByteFile, fileKeyOf } from './byte-file.ts';
import { headBytesMax } from './fingerprint.ts';

export type PackedFormat = 'gz' | 'zst' | 'xz';

/** The size of a packed file whose end nobody has seen yet: more than any. */
export const unknownSizeBytes = Number.MAX_SAFE_INTEGER;

const chunkBytes = 64 * 1024;
/** Memory that a decompressor may take; a file that needs more is a fault. */
const memoryMiBMax = 128;
const errorCharsMax = 500;

/** How a file is compressed, by its name; `undefined` for a plain one. */
export function packedFormatOf(path: string): PackedFormat | undefined {
  const [, format] = /\.(gz|zst|xz)$/.exec(path) ?? [];
  return format as PackedFormat | undefined;
}

type Stream = { readonly next: () => Promise<IteratorResult<Buffer>>; readonly end: () => void };

/** A stream that would own the descriptor closes it when it is destroyed; this one leaves it to its owner. */
async function* readFrom(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** The bytes of an open file, decompressed as they are asked for. */
function decompress(handle: FileHandle, format: PackedFormat): Stream {
  const source = Readable.from(readFrom(handle), { objectMode: false });
  // A fault of either side arrives where the bytes are read.
  const ignore = () => {};
  if (format === 'xz') {
    const args = ['--decompress', '--stdout', `--memlimit-decompress=${memoryMiBMax}MiB`];
    const child = spawn('xz', args, { stdio: 'pipe' });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, errorCharsMax);
    });
    const exit = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => (status === 0 ? resolve() : reject(new Error(words.trim()))));
    });
    exit.catch(ignore);
    pipeline(source, child.stdin, ignore);
    const bytes = child.stdout[Symbol.asyncIterator]();
    const next = async () => {
      const result = await bytes.next();
      if (result.done === true) await exit;
      return result;
    };
    const end = () => {
      source.destroy();
      child.kill('SIGKILL');
    };
    return { next, end };
  }
  const unpack =
    format === 'gz' ? createGunzip({ chunkSize: chunkBytes }) : createZstdDecompress({ chunkSize: chunkBytes });
  pipeline(source, unpack, ignore);
  const bytes = unpack[Symbol.asyncIterator]();
  const end = () => {
    source.destroy();
    unpack.destroy();
  };
  return { next: () => bytes.next(), end };
}

/**
 * Opens a compressed file. `onEnd` is told its size once its end was seen. One that is damaged, or not written to its end
 * yet, ends behind its last sound byte, and `onFault` is told; if it changes it is opened again.
 */
export async function openPacked(
  path: string,
  format: PackedFormat,
  on: { readonly fault: (error: unknown) => void; readonly end: (sizeBytes: number) => void },
): Promise<ByteFile> {
  const handle = await open(path, 'r');
  let stream: Stream | undefined;
  let window: Buffer = Buffer.alloc(0);
  let windowAt = 0;
  let sizeBytes = unknownSizeBytes;

  function stop(): void {
    stream?.end();
    stream = undefined;
  }

  /** One chunk more; false at the end. */
  async function pull(): Promise<boolean> {
    if (windowAt + window.length >= sizeBytes) return false;
    stream ??= decompress(handle, format);
    try {
      const { done, value } = await stream.next();
      if (done !== true) {
        window = window.length === 0 ? value : Buffer.concat([window, value]);
        return true;
      }
    } catch (error) {
      on.fault(error);
    }
    sizeBytes = windowAt + window.length;
    on.end(sizeBytes);
    stop();
    return false;
  }

  async function readAt(buffer: Buffer, length: number, position: number): Promise<number> {
    if (position < windowAt) {
      stop();
      window = Buffer.alloc(0);
      windowAt = 0;
    }
    do {
      const skipped = Math.min(window.length, position - windowAt);
      window = window.subarray(skipped);
      windowAt += skipped;
    } while ((windowAt < position || window.length < length) && (await pull()));
    return windowAt < position ? 0 : window.copy(buffer, 0, 0, length);
  }

  let head: Promise<Uint8Array> | undefined;
  async function readFirst(): Promise<Uint8Array> {
    const first = Buffer.allocUnsafe(headBytesMax);
    return first.subarray(0, await readAt(first, headBytesMax, 0));
  }

  return {
    readAt,
    // It was written once; what stands under this descriptor does not change but by growing.
    readHead: () => {
      head ??= readFirst();
      return head;
    },
    stat: async () => {
      const stat = await handle.stat();
      return { fileKey: fileKeyOf(stat), sizeBytes, hasName: stat.nlink > 0 };
    },
    close: () => {
      stop();
      return handle.close();
    },
  };
}

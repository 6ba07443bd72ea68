import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sourceIdOf } from './fingerprint.ts';
import { openPacked, type PackedFormat, packedFormatOf, unknownSizeBytes } from './packed.ts';
import { identify, openSourceFile, readBytesMax } from './source-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailward-packed-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const plain = Buffer.from(
  Array.from({ length: 60_000 }, (_, no) => `line ${no} of a log that is long enough\n`).join(''),
);
const news = { onFault: (path: string, error: unknown) => expect([path, error]).toEqual([]), onEnd: () => {} };

async function openBytes(format: PackedFormat, bytes: Uint8Array) {
  const path = join(folder, `mail.log.2.${format}`);
  writeFileSync(path, bytes);
  const faults: unknown[] = [];
  const ends: number[] = [];
  const file = await openPacked(path, format, { fault: (fault) => faults.push(fault), end: (size) => ends.push(size) });
  return { path, file, faults, ends };
}

test.each([
  ['gz', gzipSync(plain)],
  ['gz', Buffer.concat([gzipSync(plain.subarray(0, 1000)), gzipSync(plain.subarray(1000))])],
  ['zst', zstdCompressSync(plain)],
] as const)(
  'a packed file (%s) is the same source as the plain one, and gives the same bytes',
  async (format, bytes) => {
    const { path, file, faults, ends } = await openBytes(format, bytes);
    expect((await identify('mx1', path, news)).sourceId).toBe(sourceIdOf('mx1', plain.subarray(0, 1024)));
    const buffer = Buffer.alloc(plain.length);
    expect((await file.stat()).sizeBytes).toBe(unknownSizeBytes);
    // Forward with a step back of one byte as a source reads, then from before the window, then beyond the end.
    for (const [from, length] of [
      [0, 500],
      [1_000_000, 100_000],
      [1_099_999, 70_000],
      [5, 10],
      [2_000_000, 1e9],
    ] as const) {
      const read = await file.readAt(buffer, Math.min(length, buffer.length), from);
      expect(buffer.subarray(0, read)).toEqual(plain.subarray(from, from + length));
    }
    expect(await file.readAt(buffer, 10, plain.length + 1)).toBe(0);
    expect((await file.stat()).sizeBytes).toBe(plain.length);
    expect(faults).toEqual([]);
    expect(ends[0]).toBe(plain.length);
    await file.close();
  },
);

test('of a torn file what is sound is given, and the fault is told', async () => {
  const bytes = gzipSync(plain, { level: 0 });
  const { path, file, faults, ends } = await openBytes('gz', bytes.subarray(0, bytes.length / 2));
  const buffer = Buffer.alloc(plain.length);
  const read = await file.readAt(buffer, plain.length, 0);
  expect(read).toBeGreaterThan(plain.length / 3);
  expect(buffer.subarray(0, read)).toEqual(plain.subarray(0, read));
  expect([faults.length, ends]).toEqual([1, [read]]);
  await file.close();
  expect(packedFormatOf(path)).toBe('gz');
});

test('what is no packed file has no name, and says why', async () => {
  const path = join(folder, 'mail.log.3.gz');
  writeFileSync(path, 'Nov 22 05:24:26 mx1 postfix/smtpd[1]: connect from a[192.0.2.1]\n');
  const faults: string[] = [];
  const found = await identify('mx1', path, { ...news, onFault: (_path, fault) => faults.push(String(fault)) });
  expect(found).toMatchObject({ sourceId: undefined, sizeBytes: 0 });
  expect(faults[0]).toContain('incorrect header check');
});

test('a source is read from where control has it, batch by batch, to a known end', async () => {
  const { path, file } = await openBytes('zst', zstdCompressSync(plain));
  await file.close();
  const sizes: number[] = [];
  const source = await openSourceFile('mx1', path, { ...news, onEnd: (_path, sizeBytes) => sizes.push(sizeBytes) });
  const { sourceId = '' } = await source.look();
  const buffer = Buffer.alloc(readBytesMax);
  const parts: Uint8Array[] = [];
  let offset = plain.indexOf('line 1000 ');
  const start = offset;
  for (;;) {
    const read = await source.read(sourceId, offset, buffer);
    if (read.result !== 'batch') {
      expect(read).toEqual({ result: 'nothing', sizeBytes: plain.length, isEnd: true });
      break;
    }
    parts.push(Buffer.concat(read.cut.body));
    offset += read.cut.consumedBytes;
  }
  expect(Buffer.concat(parts)).toEqual(plain.subarray(start));
  expect(sizes).toEqual([plain.length]);
  await source.close();
});

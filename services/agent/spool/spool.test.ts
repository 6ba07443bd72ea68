import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSpool, type Spool } from './spool.ts';

let folder = '';
let torn: number[] = [];
let spool: Spool;
const limits = { bytesMax: 4000, segmentBytes: 1000 };
const open = async (own = limits) => {
  spool = await openSpool(folder, own, (bytes) => torn.push(bytes));
};
beforeEach(async () => {
  torn = [];
  folder = mkdtempSync(join(tmpdir(), 'mailward-spool-'));
  await open();
});
afterEach(async () => {
  await spool.close();
  rmSync(folder, { recursive: true });
});

const lines = (from: number, count: number) =>
  Buffer.from(Array.from({ length: count }, (_, no) => `line ${String(from + no).padStart(4, '0')}\n`).join(''));
const segmentsOf = () => readdirSync(folder).filter((name) => name.endsWith('.spool'));
async function read(offset: number, length = 100_000): Promise<string> {
  const buffer = Buffer.alloc(length);
  return buffer.toString('latin1', 0, await spool.readAt(buffer, length, offset));
}
const reopen = async () => {
  await spool.close();
  await open();
};

test('what was appended is read from any place, also after it is opened again', async () => {
  for (let at = 0; at < 300; at += 10) expect(await spool.append(lines(at, 10))).toBe('kept');
  const all = lines(0, 300).toString();
  const id = spool.id;
  for (const again of [false, true]) {
    if (again) await reopen();
    expect([spool.id, spool.endOffset(), segmentsOf().length > 1]).toEqual([id, all.length, true]);
    for (const [from, length] of [
      [0, 9999],
      [0, 10],
      [5, 7],
      [1234, 800],
      [all.length - 3, 100],
      [all.length, 10],
    ] as const)
      expect(await read(from, length)).toBe(all.slice(from, from + length));
  }
});

test('there is a bound, and room again when control has what was there', async () => {
  let kept = 0;
  while ((await spool.append(lines(kept, 10))) === 'kept') kept += 10;
  expect(spool.diskBytes()).toBeLessThanOrEqual(limits.bytesMax);
  const end = spool.endOffset();
  await spool.release(end);
  expect(spool.diskBytes()).toBeLessThan(limits.segmentBytes);
  expect(await spool.append(lines(kept, 10))).toBe('kept');
  expect(await read(end)).toBe(lines(kept, 10).toString());
  await reopen();
  expect(spool.endOffset()).toBe(end + 100);
});

test.each([
  ['half a record', (bytes: Buffer) => bytes.subarray(0, bytes.length - 30)],
  ['a head alone', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
  ['a wrong checksum', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from('?')])],
  ['noise behind it', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, bytes.length - 108), Buffer.alloc(50, 7)])],
])('torn by a crash: %s is cut off, and what comes then follows', async (_what, tear) => {
  await spool.append(lines(0, 10));
  await spool.append(lines(10, 10));
  await spool.close();
  const file = join(folder, segmentsOf()[0] ?? '');
  writeFileSync(file, tear(readFileSync(file)));
  await open();
  expect([spool.endOffset(), torn.length]).toEqual([100, 1]);
  expect(statSync(file).size).toBe(108);
  await spool.append(lines(30, 1));
  expect(await read(0)).toBe(`${lines(0, 10)}${lines(30, 1)}`);
});

test('a damaged segment in the middle is a hole, and what is behind it can be reached', async () => {
  for (let at = 0; at < 300; at += 10) await spool.append(lines(at, 10));
  await spool.close();
  appendFileSync(join(folder, segmentsOf()[0] ?? ''), 'x');
  writeFileSync(join(folder, segmentsOf()[1] ?? ''), '');
  await open();
  const hole = spool.nextOffset(1000);
  expect(hole).toBeGreaterThan(1000);
  expect(await read(1000)).toBe('');
  expect(await read(hole)).toBe(lines(0, 300).toString().slice(hole));
});

test('a spool that has forgotten what control has goes on behind it', async () => {
  await spool.append(lines(0, 1));
  await spool.skipTo(5000);
  await spool.append(lines(7, 1));
  expect([spool.endOffset(), await read(5000)]).toEqual([5010, lines(7, 1).toString()]);
});

import { expect, test } from 'vitest';
import { batchLimits } from '../../protocol/ingest.ts';
import { cutBatch } from './cut-batch.ts';

const { lineBytesMax } = batchLimits;
const bytes = (text: string) => new TextEncoder().encode(text);
const cut = (text: string, isInsideLine = false) => {
  const batch = cutBatch(bytes(text), isInsideLine);
  return batch && { ...batch, body: Buffer.concat(batch.body).toString() };
};

test('only whole lines are taken', () => {
  expect(cut('one\ntwo\nthr')).toEqual({ body: 'one\ntwo\n', lines: 2, rawBytes: 8, consumedBytes: 8, cutBytes: 0 });
  expect(cut('thr')).toBeUndefined();
  expect(cut('')).toBeUndefined();
  expect(cut('\n\n')).toMatchObject({ lines: 2, consumedBytes: 2 });
});

test('a line of exactly the limit is whole, one byte more is cut and ends the batch', () => {
  const longest = `${'x'.repeat(lineBytesMax - 1)}\n`;
  expect(cut(`${longest}next\n`)).toMatchObject({ lines: 2, cutBytes: 0 });
  expect(cut(`a\nx${longest}next\n`)).toEqual({
    body: `a\n${longest}`,
    lines: 2,
    rawBytes: 2 + lineBytesMax,
    consumedBytes: 2 + lineBytesMax + 1,
    cutBytes: 1,
  });
});

test('an endless line is cut before it ends, and its rest is skipped whenever it comes', () => {
  const first = cut('x'.repeat(lineBytesMax + 10));
  expect(first).toMatchObject({ lines: 1, rawBytes: lineBytesMax, consumedBytes: lineBytesMax + 10, cutBytes: 10 });
  expect(cut('more', true)).toEqual({ body: '', lines: 0, rawBytes: 0, consumedBytes: 4, cutBytes: 4 });
  expect(cut('end\nnext\n', true)).toEqual({ body: '', lines: 0, rawBytes: 0, consumedBytes: 4, cutBytes: 4 });
  expect(cut('', true)).toBeUndefined();
});

test('every byte is either shipped or counted as cut', () => {
  // A run of binary junk with newlines at odd places, read in uneven pieces as a file would be.
  let seed = 1;
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const parts: Buffer[] = [];
  for (let part = 0; part < 40; part++)
    parts.push(Buffer.alloc(next(3 * lineBytesMax), 1 + next(9)), Buffer.from('\n'));
  const source = Buffer.concat(parts);
  let at = 0;
  let shipped = 0;
  let dropped = 0;
  while (at < source.length) {
    const isInsideLine = at > 0 && source[at - 1] !== 10;
    const batch = cutBatch(source.subarray(at, at + 4 * lineBytesMax), isInsideLine);
    if (batch === undefined) throw new Error(`stuck at ${at}`);
    const endedByUs = batch.body.length === 2 && source[at + batch.consumedBytes - 1] !== 10 ? 1 : 0;
    shipped += batch.rawBytes - endedByUs;
    dropped += batch.cutBytes + endedByUs;
    expect(batch.rawBytes).toBe(Buffer.concat(batch.body).length);
    at += batch.consumedBytes;
  }
  expect(shipped + dropped).toBe(source.length);
});

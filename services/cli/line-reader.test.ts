import { expect, test } from 'vitest';
import { createLineReader, lineBytesMax } from './line-reader.ts';

function read(chunks: readonly Buffer[]): { lines: string[]; cut: number } {
  const lines: string[] = [];
  const reader = createLineReader((line) => lines.push(line));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return { lines, cut: reader.cutLines() };
}

test('lines come out whole wherever the input is cut', () => {
  const text = Buffer.from('eins\nzwei für drei\n\n漢字 🦆\nlast');
  const wanted = ['eins', 'zwei für drei', '', '漢字 🦆', 'last'];
  for (let size = 1; size <= text.length; size++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < text.length; at += size) chunks.push(text.subarray(at, at + size));
    expect(read(chunks).lines).toEqual(wanted);
  }
});

test('what is no UTF-8 is shown as such, and its neighbours are not harmed', () => {
  expect(read([Buffer.from([0x61, 0xff, 0x0a, 0x62, 0x0a])]).lines).toEqual(['a\ufffd', 'b']);
});

test('a longer line than the bound is cut once, and the next one is whole', () => {
  const piece = Buffer.alloc(lineBytesMax / 2, 'x');
  const { lines, cut } = read([piece, piece, piece, piece, Buffer.from('end\nnext\n')]);
  expect(lines.map((line) => line.length)).toEqual([lineBytesMax, 4]);
  expect(lines[1]).toBe('next');
  expect(cut).toBe(1);
});

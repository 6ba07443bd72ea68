import { expect, test } from 'vitest';
import { headBytesMax, sourceIdOf } from './fingerprint.ts';

const id = (text: string, node = 'mx1') => sourceIdOf(node, Buffer.from(text).subarray(0, headBytesMax));

test('a file is known by its first line and its node, whatever follows', () => {
  expect(id('first\n')).toBe(id('first\nsecond\n'));
  expect(id('first\n')).not.toBe(id('other\n'));
  expect(id('first\n')).not.toBe(id('first\n', 'mx2'));
  expect(id('first\n')).toMatch(/^[0-9a-f]{32}$/);
});

test('a first line that is not whole tells nothing, unless it fills the head', () => {
  expect([id(''), id('fir')]).toEqual([undefined, undefined]);
  const long = 'x'.repeat(headBytesMax);
  expect(id(long.slice(1))).toBeUndefined();
  expect(id(long)).toBe(id(`${long}yyy\nsecond\n`));
  expect(id(`${long.slice(1)}\n`)).not.toBe(id(long));
});

test('an empty first line is a line', () => {
  expect(id('\nsecond\n')).toBe(id('\n'));
});

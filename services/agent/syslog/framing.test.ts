import { expect, test } from 'vitest';
import { createFramer, frameBytesMax, lineOfFrame } from './framing.ts';

/** Feeds `text` in pieces of every size from 1 to 7: where bytes are torn makes no difference. */
function framesOf(text: string): string[] {
  const results = [1, 2, 3, 5, 7, 1000].map((size) => {
    const framer = createFramer();
    const frames: string[] = [];
    for (let at = 0; at < text.length; at += size)
      for (const frame of framer.push(Buffer.from(text.slice(at, at + size), 'latin1'))?.frames ?? [])
        frames.push(frame.toString('latin1'));
    return frames;
  });
  for (const frames of results) expect(frames).toEqual(results[0]);
  return results[0] ?? [];
}

test.each<[string, string, string[]]>([
  ['lines', '<22>a b\n<22>c\n', ['<22>a b', '<22>c']],
  ['octet counting', '7 <22>a b5 <22>c', ['<22>a b', '<22>c']],
  ['a counted message holds line ends', '9 <22>a\nb\n\n<22>c\n', ['<22>a\nb\n\n', '<22>c']],
  ['one form after the other', '5 <22>a<22>b\n5 <22>c', ['<22>a', '<22>b', '<22>c']],
  ['digits that are no count begin a line', '12ab\n<22>c\n', ['12ab', '<22>c']],
  ['a line may begin with a zero', '0 a\n', ['0 a']],
  ['empty lines are nothing', '\n\n<22>a\n', ['<22>a']],
  ['what is not whole waits', '<22>a\n<22>b', ['<22>a']],
  ['a count of which less came waits', '9 <22>a', []],
])('%s', (_what, text, frames) => {
  expect(framesOf(text)).toEqual(frames);
});

test('an overlong message is cut, and holds no more than its bound meanwhile', () => {
  for (const begin of ['<22>', `${3 * frameBytesMax} `]) {
    const framer = createFramer();
    expect(framer.push(Buffer.from(begin))).toMatchObject({ frames: [] });
    for (let no = 0; no < 2; no++) framer.push(Buffer.alloc(frameBytesMax, 120));
    expect(framer.heldBytes()).toBe(frameBytesMax);
    const pushed = framer.push(Buffer.concat([Buffer.alloc(frameBytesMax, 120), Buffer.from('\n<22>next\n')]));
    expect(pushed?.cut).toBe(1);
    expect(pushed?.frames[0]).toHaveLength(frameBytesMax);
    expect(pushed?.frames.at(-1)?.toString()).toBe('<22>next');
    expect(framer.heldBytes()).toBe(0);
  }
});

test('a count that nobody could mean ends the stream', () => {
  expect(createFramer().push(Buffer.from('999999999 <22>'))).toBeUndefined();
  expect(createFramer().push(Buffer.from('99999999 <22>'))).toBeUndefined();
});

test('a message is one line', () => {
  expect(lineOfFrame(Buffer.from('<22>a\nb\r\n\0'))?.toString()).toBe('<22>a#012b\n');
  expect(lineOfFrame(Buffer.from('\r\n\0'))).toBeUndefined();
});

test('noise breaks nothing', () => {
  let seed = 1;
  for (let run = 0; run < 300; run++) {
    const framer = createFramer();
    const noise = Buffer.from(
      Array.from({ length: 500 }, () => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return [10, 32, 48 + (seed % 10), 60, seed % 256][(seed >> 8) % 5] ?? 0;
      }),
    );
    for (let at = 0; at < noise.length; at += 50) {
      const pushed = framer.push(noise.subarray(at, at + 50));
      if (pushed === undefined) break;
      for (const frame of pushed.frames) expect(lineOfFrame(frame)?.at(-1) ?? 10).toBe(10);
      expect(framer.heldBytes()).toBeLessThanOrEqual(frameBytesMax);
    }
  }
});

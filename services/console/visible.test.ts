import { describe, expect, test } from 'vitest';
import { toCsv, visible } from './visible.ts';

describe('visible', () => {
  test('leaves what can be seen as it is, in any script', () => {
    const text = 'Grüße, 你好 <b>&amp;</b> 👍🏽 "x"';
    expect(visible(text)).toBe(text);
  });
  test('names controls, terminal escapes and NUL', () => {
    expect(visible('a\u001b[31mb\u0000c\td\r\n\u007f\u009b')).toBe('a⟨ESC⟩[31mb⟨NUL⟩c⟨TAB⟩d⟨CR⟩⟨LF⟩⟨U+007F⟩⟨U+009B⟩');
  });
  test.each(['\u202e', '\u2066', '\u200f', '\u061c', '\u200b', '\ufeff', '\u2028', '\u00ad', '\u{e0041}', '\ud800'])(
    'nothing that turns or hides text is left: %j',
    (character) => {
      const shown = visible(`a${character}b`);
      expect(shown).toMatch(/^a⟨U\+[0-9A-F]{4,5}⟩b$/);
    },
  );
  test('cuts at its bound and says so', () => {
    expect(visible('x'.repeat(10), 10)).toBe('x'.repeat(10));
    expect(visible('x'.repeat(11), 10)).toBe(`${'x'.repeat(10)}…`);
    expect(visible('a👍b', 2)).toBe('a…');
    expect(visible('a👍b', 3)).toBe('a👍…');
    expect(visible('a\ud83db', 2)).toBe('a⟨U+D83D⟩…');
  });
});

describe('toCsv', () => {
  test('quotes what RFC 4180 wants quoted', () => {
    expect(toCsv([['a', 'b,c', 'd"e', 'f\ng', 7]])).toBe('a,"b,c","d""e","f\ng",7\r\n');
  });
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', "=cmd|'/c calc'!A1"])('is no formula: %j', (text) => {
    expect(toCsv([[text]])).toMatch(/^"?'/);
  });
  test('numbers stay numbers, negative ones too', () => {
    expect(toCsv([[-5, 5]])).toBe('-5,5\r\n');
  });
});

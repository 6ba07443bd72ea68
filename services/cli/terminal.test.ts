import { expect, test } from 'vitest';
import { clip, csvCell, jsonSafe, renderTable, terminalSafe, terminalStyle, widthOf } from './terminal.ts';

test('controls, overrides and invisible characters are shown, not obeyed; letters of any script stay', () => {
  expect(terminalSafe('a\u001b[31mb\u0007\r\n\t')).toBe('a\\x1b[31mb\\x07\\x0d\\x0a\\x09');
  expect(terminalSafe('\u009b2J\u007f')).toBe('\\x9b2J\\x7f');
  expect(terminalSafe('gnp.\u202eexe\u2066\u200b\ufeff')).toBe('gnp.\\u202eexe\\u2066\\u200b\\ufeff');
  expect(terminalSafe('\ud800x\udc00')).toBe('\\ud800x\\udc00');
  expect(terminalSafe('Grüße 漢字 🦆')).toBe('Grüße 漢字 🦆');
});

test('JSON keeps its meaning when it is made safe', () => {
  const value = { text: 'a\u001b\u009b\u202e\u007f"\\' };
  const safe = jsonSafe(JSON.stringify(value));
  expect(safe).toBe('{"text":"a\\u001b\\u009b\\u202e\\u007f\\"\\\\"}');
  expect(JSON.parse(safe)).toEqual(value);
});

test('a cell that a spreadsheet would run is text', () => {
  expect(csvCell('=1+1')).toBe("'=1+1");
  expect(csvCell('@SUM(A1)')).toBe("'@SUM(A1)");
  expect(csvCell('-1,"x"')).toBe('"\'-1,""x"""');
  expect(csvCell('plain')).toBe('plain');
});

test('a table is aligned, safe and cut to its width', () => {
  const columns = [{ title: 'n', align: 'right' as const }, { title: 'name' }];
  expect(
    renderTable(columns, [
      ['5', 'a\u001bb'],
      ['12', 'c'],
    ]),
  ).toBe(' n  name\n 5  a\\x1bb\n12  c');
  expect(clip('abcdef', 4)).toBe('abc…');
});

test('letters that take two columns are counted as two, and none is cut in half', () => {
  expect(['abc', '漢字', 'e\u0301', '👍🏽', 'ｱ'].map(widthOf)).toEqual([3, 4, 1, 2, 1]);
  expect(
    renderTable(
      [{ title: 'name' }, { title: 'n' }],
      [
        ['漢字', '1'],
        ['ab', '2'],
      ],
    ),
  ).toBe('name  n\n漢字  1\nab    2');
  expect(clip('漢字漢字', 8)).toBe('漢字漢字');
  expect(clip('漢字漢字', 7)).toBe('漢字漢…');
  expect(clip('漢字漢字', 6)).toBe('漢字…');
  for (let width = 1; width < 9; width += 1) {
    const cut = clip('🦆🦆e\u0301🦆🦆', width);
    expect(cut.isWellFormed()).toBe(true);
    expect(widthOf(cut)).toBeLessThanOrEqual(width);
  }
  expect(clip('ae\u0301bc', 3)).toBe('ae\u0301…');
});

test('there is colour on a terminal alone, and none with NO_COLOR', () => {
  expect(terminalStyle({ isTTY: true }, {}).alarm('x')).toBe('\u001b[31mx\u001b[0m');
  expect(terminalStyle({ isTTY: true }, { NO_COLOR: '1' }).alarm('x')).toBe('x');
  expect(terminalStyle({}, {}).alarm('x')).toBe('x');
});

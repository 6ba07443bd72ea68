// The one place that makes text safe for a terminal, and lays out tables for it. Log lines are written by strangers: nothing of
// them reaches a terminal as a control.
import stringWidth from 'string-width';

/**
 * Shows what a terminal would obey or hide as `\x1b` or `\u202e`, everything else as it is: C0 and C1 controls, bidirectional
 * overrides and isolates, zero-width and other invisible format characters, line separators, lone surrogates.
 */
export function terminalSafe(text: string): string {
  return escapeUnsafe(text, (code) => (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`));
}

/** The same for a line of JSON: what JSON itself leaves raw is escaped in JSON's own way, so its meaning stays. */
export function jsonSafe(json: string): string {
  return escapeUnsafe(json, (code) => `\\u${hex(code, 4)}`);
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

function escapeUnsafe(text: string, escaped: (code: number) => string): string {
  let safe = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isUnsafe(code) && !isLoneSurrogate(text, at, code)) continue;
    safe += text.slice(copied, at) + escaped(code);
    copied = at + 1;
  }
  return copied === 0 ? text : safe + text.slice(copied);
}

/** First and last code of each range that is not shown. */
const unsafeRanges: ReadonlyArray<readonly [number, number]> = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xfffe, 0xffff],
];

function isUnsafe(code: number): boolean {
  if (code >= 0x20 && code < 0x7f) return false;
  return unsafeRanges.some(([first, last]) => code >= first && code <= last);
}

function isLoneSurrogate(text: string, at: number, code: number): boolean {
  if (code < 0xd800 || code > 0xdfff) return false;
  const isHigh = code < 0xdc00;
  const other = text.charCodeAt(isHigh ? at + 1 : at - 1);
  return isHigh ? !(other >= 0xdc00 && other <= 0xdfff) : !(other >= 0xd800 && other < 0xdc00);
}

/**
 * One cell of CSV (RFC 4180). A cell that a spreadsheet would run as a formula is led by an apostrophe, as OWASP advises
 * ("CSV Injection").
 */
export function csvCell(text: string): string {
  const guarded = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

export type Column = { readonly title: string; readonly align?: 'left' | 'right' };

/** Columns of a terminal that a text takes: two for each Chinese, Japanese or Korean letter and emoji, none for an accent. */
export function widthOf(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

const isPlain = (text: string): boolean => /^[ -~]*$/.test(text);

/** A table in plain text: cells are made safe, columns are as wide as they must be, the last one is cut at `widthMax`. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax = Number.POSITIVE_INFINITY,
): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(terminalSafe))];
  const widths = columns.map((_, index) => cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), 0));
  return cells
    .map((row) => {
      const padded = row.map((cell, index) => {
        const room = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
        return columns[index]?.align === 'right' ? room + cell : cell + room;
      });
      return clip(padded.join('  ').trimEnd(), widthMax);
    })
    .join('\n');
}

/** At most `width` columns, no letter cut in two; a cut shows as `…`. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (isPlain(text)) return `${text.slice(0, Math.max(0, width - 1))}…`;
  let kept = '';
  let used = 0;
  for (const { segment } of letters.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export type Style = {
  readonly strong: (text: string) => string;
  readonly weak: (text: string) => string;
  readonly alarm: (text: string) => string;
};

/** Colour only on a terminal, and not where NO_COLOR is set (no-color.org). */
export function terminalStyle(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const isColoured = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { strong: paint(1), weak: paint(2), alarm: paint(31) };
}

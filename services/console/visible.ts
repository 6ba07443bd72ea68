// Text from logs is hostile until shown otherwise: it may carry terminal escapes, bidirectional overrides and characters
// of no width. React keeps markup inert; this keeps the rest visible and in its place.

// C0 and C1 controls, bidirectional marks and overrides, zero-width characters, line separators, tags, lone surrogates.
// Built from a string of escapes, so that this file itself holds no such character.
const hidden = new RegExp(
  [
    String.raw`[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]`,
    String.raw`[\u{e0000}-\u{e007f}]`,
    String.raw`\p{Surrogate}`,
  ].join('|'),
  'gu',
);

const controlNames = [
  ...['NUL', 'SOH', 'STX', 'ETX', 'EOT', 'ENQ', 'ACK', 'BEL', 'BS', 'TAB', 'LF', 'VT', 'FF', 'CR', 'SO', 'SI'],
  ...['DLE', 'DC1', 'DC2', 'DC3', 'DC4', 'NAK', 'SYN', 'ETB', 'CAN', 'EM', 'SUB', 'ESC', 'FS', 'GS', 'RS', 'US'],
];

// Names rather than the control pictures of U+2400, which many fonts lack.
const name = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return `⟨${controlNames[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`}⟩`;
};

/** The text with everything invisible made visible. Longer than `charactersMax` it is cut, with an ellipsis. */
export function visible(text: string, charactersMax = 4096): string {
  if (text.length <= charactersMax) return text.replace(hidden, name);
  // A character of two units is left out whole; half of one would be shown as an unpaired surrogate.
  const isSplit = (text.codePointAt(charactersMax - 1) ?? 0) > 0xffff;
  return `${text.slice(0, isSplit ? charactersMax - 1 : charactersMax)}…`.replace(hidden, name);
}

/** A cell of a CSV file (RFC 4180) that no spreadsheet takes for a formula. */
function csvCell(value: string | number): string {
  const text = String(value);
  const inert = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

export function toCsv(rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

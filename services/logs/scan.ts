// Scanning primitives. A line is never split or copied: every function takes the line and a position, and what it takes
// out are slices. A slice keeps the string that it was cut from alive, so whoever keeps fields for long copies them.
import type { MailEvent } from '../protocol/mail-event.ts';

const char = { dot: 46, zero: 48, nine: 57, colon: 58, bracketOpen: 91, bracketClose: 93 } as const;

/** More digits than this are no count that a mail server writes; they are not read as a number. */
const digitsMax = 15;

export function isDigit(code: number): boolean {
  return code >= char.zero && code <= char.nine;
}

/** Position of the first character at or after `start` that is no digit. */
export function skipDigits(line: string, start: number): number {
  let position = start;
  while (isDigit(line.charCodeAt(position))) position++;
  return position;
}

/** The digits from `start` up to `end` as a number; `undefined` when there are none or too many. */
export function readCount(line: string, start: number, end: number): number | undefined {
  if (end <= start || end - start > digitsMax) return undefined;
  let value = 0;
  for (let position = start; position < end; position++) {
    const code = line.charCodeAt(position);
    if (!isDigit(code)) return undefined;
    value = value * 10 + code - char.zero;
  }
  return value;
}

const powersOfTen = Array.from({ length: digitsMax + 1 }, (_, exponent) => 10 ** exponent);

/** `12`, `0.05` or `1.2e+02` from `start` up to `end`; `undefined` when it is no finite number. */
export function readDecimal(line: string, start: number, end: number): number | undefined {
  if (end <= start || end - start > digitsMax) return undefined;
  let value = 0;
  let dotAt = -1;
  for (let position = start; position < end; position++) {
    const code = line.charCodeAt(position);
    if (isDigit(code)) value = value * 10 + code - char.zero;
    else if (code === char.dot && dotAt < 0 && position > start) dotAt = position;
    else return readExponent(line.slice(start, end));
  }
  return dotAt < 0 ? value : value / (powersOfTen[end - dotAt - 1] ?? 1);
}

/** The rare form of a number: `%.2g` writes large delays with an exponent. */
function readExponent(text: string): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && text.trim() === text ? value : undefined;
}

/** Position of the next `code` at or after `start`, `end` when there is none before it. */
export function indexOfCode(line: string, code: number, start: number, end: number): number {
  for (let position = start; position < end; position++) if (line.charCodeAt(position) === code) return position;
  return end;
}

/** IPv4-mapped IPv6 (`::ffff:192.0.2.1`) is the same client as its IPv4 address, so both are written as IPv4. */
export function plainAddress(address: string): string {
  if (address.charCodeAt(0) !== char.colon || !address.includes('.')) return address;
  return address.startsWith('::ffff:') || address.startsWith('::FFFF:') ? address.slice(7) : address;
}

/**
 * Reads a peer as Postfix prints a client, `host[address]` or `host[address]:port`, into the event's client fields.
 * `unknown` as an address or port is absent. Returns the position after it, or -1 when there is no such peer.
 */
export function readClient(line: string, start: number, event: MailEvent): number {
  const open = line.indexOf('[', start);
  if (open < 0) return -1;
  const close = line.indexOf(']', open);
  if (close < 0) return -1;
  if (open > start) event.clientHost = line.slice(start, open);
  const address = line.slice(open + 1, close);
  if (address !== 'unknown') event.clientIp = plainAddress(address);
  if (line.charCodeAt(close + 1) !== char.colon) return close + 1;
  const portEnd = skipDigits(line, close + 2);
  if (portEnd > close + 2) {
    event.clientPort = readCount(line, close + 2, portEnd);
    return portEnd;
  }
  return line.startsWith('unknown', close + 2) ? close + 9 : close + 1;
}

/**
 * Reads the other side of an outgoing connection, `host[address]:port` or `host[path of a socket]`, into `event.relay`.
 * Returns the position after it, or -1 when there is no such peer before `end`.
 */
export function readPeer(line: string, start: number, end: number, event: MailEvent): number {
  const open = indexOfCode(line, char.bracketOpen, start, end);
  if (open >= end) return -1;
  const close = indexOfCode(line, char.bracketClose, open, end);
  if (close >= end) return -1;
  const host = line.slice(start, open);
  const inside = line.slice(open + 1, close);
  if (inside.includes('/')) {
    event.relay = { host, ip: undefined, port: undefined, service: inside };
    return close + 1;
  }
  let after = close + 1;
  let port: number | undefined;
  if (line.charCodeAt(after) === char.colon) {
    const portEnd = skipDigits(line, after + 1);
    port = readCount(line, after + 1, portEnd);
    if (port !== undefined) after = portEnd;
  }
  event.relay = { host, ip: inside, port, service: undefined };
  return after;
}

/** `<text>` at `start`: position of the closing bracket, or -1. The address inside may itself hold `>` in quotes. */
export function closingAngle(line: string, start: number): number {
  const close = line.indexOf('>', start);
  if (close < 0 || line.charCodeAt(start + 1) !== 34) return close;
  const quoteEnd = line.indexOf('"@', start + 2);
  return quoteEnd < 0 || quoteEnd < close ? close : line.indexOf('>', quoteEnd);
}

/**
 * An SMTP reply (RFC 5321 4.2, RFC 2034) at `start`: `250 2.0.0 …`, `550-5.7.1 …` or `450 …`. Sets `event.reply` and
 * returns the position of its text, or `start` when there is no reply.
 */
export function readReply(line: string, start: number, event: MailEvent): number {
  const first = line.charCodeAt(start);
  if (first < 50 || first > 53 || !isDigit(line.charCodeAt(start + 1)) || !isDigit(line.charCodeAt(start + 2)))
    return start;
  const separator = line.charCodeAt(start + 3);
  if (separator !== 32 && separator !== 45) {
    if (start + 3 < line.length) return start;
    event.reply = { code: readCount(line, start, start + 3), enhanced: undefined };
    return start + 3;
  }
  const code = readCount(line, start, start + 3);
  const enhancedEnd = endOfEnhancedCode(line, start + 4);
  const enhanced = enhancedEnd > start + 4 ? line.slice(start + 4, enhancedEnd) : undefined;
  event.reply = { code, enhanced };
  let after = enhanced === undefined ? start + 4 : enhancedEnd;
  while (line.charCodeAt(after) === 32) after++;
  return after;
}

/** `5.7.25` at `start` (RFC 3463): the position after it, or `start`. */
export function endOfEnhancedCode(line: string, start: number): number {
  const first = line.charCodeAt(start);
  if ((first !== 50 && first !== 52 && first !== 53) || line.charCodeAt(start + 1) !== char.dot) return start;
  const subject = skipDigits(line, start + 2);
  if (subject === start + 2 || line.charCodeAt(subject) !== char.dot) return start;
  const detail = skipDigits(line, subject + 1);
  return detail === subject + 1 ? start : detail;
}

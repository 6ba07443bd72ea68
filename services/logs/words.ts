// Taking single values out of a text by the words around them: for lines that are rare beside those of the big mail servers.
import type { EventKind, MailEvent } from '../protocol/mail-event.ts';
import { isDigit, plainAddress } from './scan.ts';

/** What stands behind `before` (looked for from `start`) and in front of the next `after`, or of the end of the line. */
export function between(line: string, start: number, before: string, after: string): string | undefined {
  const at = line.indexOf(before, start);
  if (at < 0) return undefined;
  const from = at + before.length;
  const to = line.indexOf(after, from);
  return line.slice(from, to < 0 ? line.length : to);
}

/** Hexadecimal digits, colons and dots, and the letters of `::ffff:`. */
function isAddressCode(code: number): boolean {
  return isDigit(code) || code === 46 || code === 58 || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

/** Longest text form of an IPv6 address with a mapped IPv4 one in it. */
const addressCharsMax = 45;

/** Does an IP address fill `start` to `end`? */
export function isAddress(line: string, start: number, end: number): boolean {
  if (end - start < 3 || end - start > addressCharsMax) return false;
  let dots = 0;
  let colons = 0;
  let isDecimal = true;
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at);
    if (!isAddressCode(code)) return false;
    if (code === 46) dots++;
    else if (code === 58) colons++;
    else if (!isDigit(code)) isDecimal = false;
  }
  return colons >= 2 || (dots === 3 && colons === 0 && isDecimal);
}

/**
 * Reads the IP address that begins at `start`, with or without `IPv6:` or an opening bracket before it; a full stop or
 * colon of the sentence is not part of it. Returns it as IPv4 where it is a mapped one, or `undefined`.
 */
export function addressAt(line: string, start: number): string | undefined {
  let from = line.charCodeAt(start) === 91 ? start + 1 : start;
  if (line.startsWith('IPv6:', from)) from += 5;
  const limit = Math.min(line.length, from + addressCharsMax + 1);
  let end = from;
  while (end < limit && isAddressCode(line.charCodeAt(end))) end++;
  while (end > from && !isAddress(line, from, end)) {
    const last = line.charCodeAt(end - 1);
    if (last !== 46 && last !== 58) {
      // `192.0.2.1:25` without brackets.
      const colon = line.lastIndexOf(':', end - 1);
      return colon > from && isAddress(line, from, colon) ? line.slice(from, colon) : undefined;
    }
    end--;
  }
  return end > from ? plainAddress(line.slice(from, end)) : undefined;
}

/** Reads the first `[address]` at or after `start` into the client's address. Returns the position after it, or -1. */
export function readBracketedAddress(line: string, start: number, event: MailEvent): number {
  for (let open = line.indexOf('[', start); open >= 0; open = line.indexOf('[', open + 1)) {
    const from = line.startsWith('IPv6:', open + 1) ? open + 6 : open + 1;
    const limit = from + addressCharsMax + 1;
    let close = from;
    while (close < limit && isAddressCode(line.charCodeAt(close))) close++;
    if (line.charCodeAt(close) !== 93 || !isAddress(line, from, close)) continue;
    event.clientIp = plainAddress(line.slice(from, close));
    return close + 1;
  }
  return -1;
}

/** One form of line: `words` at its start (or anywhere, with `isInside`), and where the user and the address stand. */
export type Form = {
  readonly words: string;
  readonly isInside?: boolean;
  readonly kind: EventKind;
  readonly isAttempt?: boolean;
  /** The user stands between these two. */
  readonly user?: readonly [before: string, after: string];
  /** The client's address follows these words; the first one that is an address counts. */
  readonly address?: string;
  /** Its address is the first one in brackets. */
  readonly isBracketed?: boolean;
  readonly action?: string;
};

/** Reads a line of the first form that fits. False, and the event untouched, when none does. */
export function readForms(forms: readonly Form[], line: string, start: number, event: MailEvent): boolean {
  for (const form of forms) {
    if (form.isInside === true ? line.indexOf(form.words, start) < 0 : !line.startsWith(form.words, start)) continue;
    event.kind = form.kind;
    event.reason = line.slice(start);
    if (form.action !== undefined) event.action = form.action;
    if (form.user !== undefined) event.user = nonEmpty(between(line, start, ...form.user));
    if (form.isBracketed === true) readBracketedAddress(line, start, event);
    if (form.address !== undefined) event.clientIp = addressBehind(line, start, form.address);
    if (form.isAttempt === true) event.securityEvent = true;
    if (form.kind === 'warning' || form.kind === 'error' || form.kind === 'fatal') event.severity = form.kind;
    return true;
  }
  return false;
}

/** The first address that stands behind one of the places where `words` stand. */
export function addressBehind(line: string, start: number, words: string): string | undefined {
  for (let at = line.indexOf(words, start); at >= 0; at = line.indexOf(words, at + words.length)) {
    const address = addressAt(line, at + words.length);
    if (address !== undefined) return address;
  }
  return undefined;
}

export function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === '???' || text === '(null)' ? undefined : text;
}

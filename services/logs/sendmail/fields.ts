// The `key=value, key=value` lists of Sendmail (its Installation and Operation Guide, 2.1.1) and of milters that follow it.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { isDigit, readCount, skipDigits } from '../scan.ts';
import { readBracketedAddress } from '../words.ts';

/** Values of these run to the end of the line, commas and all. */
const lastKeys = new Set(['stat', 'reject', 'reason', 'discard']);
const fieldsMax = 64;

/** Reads the list at `start`, in its order; of a key that comes twice both are given. */
export function readList(line: string, start: number): Array<readonly [key: string, value: string]> {
  const fields: Array<readonly [string, string]> = [];
  let at = start;
  while (at < line.length && fields.length < fieldsMax) {
    const equals = endOfKey(line, at);
    if (equals < 0) break;
    const key = line.slice(at, equals);
    const end = lastKeys.has(key) ? line.length : endOfValue(line, equals + 1);
    fields.push([key, line.slice(equals + 1, end)]);
    at = end + 2;
  }
  return fields;
}

/** The next `, ` that a key follows. */
function endOfValue(line: string, start: number): number {
  for (let comma = line.indexOf(', ', start); comma >= 0; comma = line.indexOf(', ', comma + 1))
    if (endOfKey(line, comma + 2) >= 0) return comma;
  return line.length;
}

const keyCharsMax = 20;

/** The position of `=` behind the lower-case word at `start`, or -1. */
export function endOfKey(line: string, start: number): number {
  for (let at = start; at <= start + keyCharsMax; at++) {
    const code = line.charCodeAt(at);
    if (code === 61) return at > start ? at : -1;
    if (!(code >= 97 && code <= 122) && !isDigit(code) && code !== 95) return -1;
  }
  return -1;
}

/** `host [address] (may be forged)` as the client. */
export function readRelay(value: string, event: MailEvent): void {
  const open = value.indexOf('[');
  const name = (open < 0 ? value : value.slice(0, open)).trim();
  if (name !== '') event.clientHost = name;
  if (open >= 0) readBracketedAddress(value, open, event);
}

/** `host. [address]` as where it was sent: the dot of a full domain name is not part of the host. */
export function readOutgoing(value: string): NonNullable<MailEvent['relay']> {
  const open = value.indexOf('[');
  const close = value.indexOf(']', open);
  const name = (open < 0 ? value : value.slice(0, open)).trim();
  const ip = open < 0 || close < 0 ? undefined : value.slice(open + 1, close).replace(/^IPv6:/, '');
  return { host: name.endsWith('.') ? name.slice(0, -1) : name || ip, ip, port: undefined, service: undefined };
}

export function plainPath(value: string): string {
  return value.startsWith('<') && value.endsWith('>') ? value.slice(1, -1) : value;
}

/** `00:04:00`, `1+02:03:04` (a day and hours): seconds. */
export function secondsOfInterval(value: string): number | undefined {
  const plus = value.indexOf('+');
  const days = plus < 0 ? 0 : readCount(value, 0, plus);
  const at = plus + 1;
  if (days === undefined || skipDigits(value, at) !== at + 2 || value.length !== at + 8) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = value.slice(at).split(':').map(Number);
  const sum = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  return Number.isFinite(sum) ? sum : undefined;
}

// Pieces that Exim's lines are made of ("Log files", chapter 53 of the specification): ids, hosts, and fields like `H=…`.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, isDigit, plainAddress, readCount, readDecimal, skipDigits } from '../scan.ts';

/** Position after the message id at `start`: `1Ov4tU-0000Nz-Rm`, since 4.97 `1rABCD-00000001aBc-2xyz`. `start` when there is none. */
export function endOfMessageId(line: string, start: number): number {
  const first = endOfBase62(line, start);
  if (first - start !== 6 || line.charCodeAt(first) !== 45) return start;
  const second = endOfBase62(line, first + 1);
  const length = second - first - 1;
  if ((length !== 6 && length !== 11) || line.charCodeAt(second) !== 45) return start;
  const end = endOfBase62(line, second + 1);
  return end - second - 1 === (length === 6 ? 2 : 4) ? end : start;
}

function endOfBase62(line: string, start: number): number {
  let at = start;
  for (; at < start + 12; at++) {
    const code = line.charCodeAt(at);
    if (!isDigit(code) && !(code >= 65 && code <= 90) && !(code >= 97 && code <= 122)) break;
  }
  return at;
}

export type Host = {
  readonly name: string | undefined;
  readonly helo: string | undefined;
  readonly ip: string | undefined;
  readonly port: number | undefined;
  /** The position after it. */
  readonly end: number;
};

/** `name (helo) [address]:port`; name, helo and port may be absent. `undefined` when no address in brackets follows. */
export function readHost(line: string, start: number): Host | undefined {
  let at = start;
  let name: string | undefined;
  let helo: string | undefined;
  const first = line.charCodeAt(at);
  if (first !== 91 && first !== 40) {
    const space = line.indexOf(' ', at);
    if (space < 0) return undefined;
    name = line.slice(at, space);
    at = space + 1;
  }
  if (line.charCodeAt(at) === 40) {
    const close = line.indexOf(') [', at);
    if (close < 0) return undefined;
    helo = line.slice(at + 1, close);
    at = close + 2;
  }
  if (line.charCodeAt(at) !== 91) return undefined;
  const close = line.indexOf(']', at);
  if (close < 0) return undefined;
  const ip = plainAddress(line.slice(at + 1, close));
  if (line.charCodeAt(close + 1) !== 58) return { name, helo, ip, port: undefined, end: close + 1 };
  const end = skipDigits(line, close + 2);
  const port = readCount(line, close + 2, end);
  return { name, helo, ip, port, end: port === undefined ? close + 1 : end };
}

/** Reads the host at `start` as the client. Returns the position after it, or -1 when there is none. */
export function readClientHost(line: string, start: number, event: MailEvent): number {
  const host = readHost(line, start);
  if (host === undefined) return -1;
  event.clientHost = host.name;
  event.helo = host.helo;
  event.clientIp = host.ip;
  event.clientPort = host.port;
  return host.end;
}

const keyCharsMax = 4;

/**
 * Reads `H=host [address] F=<sender> P=esmtps …` from `start` up to the first word that is no field, and returns the
 * position of that. `isOutgoing`: `H` is where the message went, not where it came from.
 */
export function readFields(line: string, start: number, event: MailEvent, isOutgoing: boolean): number {
  let at = start;
  for (;;) {
    while (line.charCodeAt(at) === 32) at++;
    const equals = endOfKey(line, at);
    if (equals < 0) return at;
    const end = readField(line, at, equals, event, isOutgoing);
    if (end <= at) return at;
    at = end;
    // `R=router: why it failed`.
    if (line.charCodeAt(at) === 58 || line.charCodeAt(at) === 44) return at;
  }
}

/** The position of `=` behind a short key at `start`, or -1. */
function endOfKey(line: string, start: number): number {
  for (let at = start; at <= start + keyCharsMax; at++) {
    const code = line.charCodeAt(at);
    if (code === 61) return at > start ? at : -1;
    if (!isDigit(code) && !(code >= 65 && code <= 90) && !(code >= 97 && code <= 122)) return -1;
  }
  return -1;
}

function readField(line: string, at: number, equals: number, event: MailEvent, isOutgoing: boolean): number {
  const valueAt = equals + 1;
  const key = line.slice(at, equals);
  if (key === 'H') {
    const host = readHost(line, valueAt);
    if (host === undefined) return endOfValue(line, valueAt);
    if (isOutgoing) event.relay = { host: host.name, ip: host.ip, port: host.port, service: undefined };
    else readClientHost(line, valueAt, event);
    return host.end;
  }
  const end = endOfValue(line, valueAt);
  const value = line.slice(valueAt, end);
  switch (key) {
    case 'F':
      event.from = withoutAngles(value);
      break;
    case 'S':
      event.size = readCount(value, 0, value.length);
      break;
    case 'id':
      event.messageId = value;
      break;
    case 'U':
      if (!isOutgoing) event.user = value;
      break;
    case 'T':
      if (isOutgoing) event.relay ??= { host: value, ip: undefined, port: undefined, service: undefined };
      break;
    case 'A': {
      const [method, user] = splitOnce(value, ':');
      event.saslMethod = method;
      event.saslUser = user;
      break;
    }
    case 'X': {
      const [protocol, cipher] = splitOnce(value, ':');
      event.tls = { protocol, cipher: cipher === undefined ? undefined : splitLast(cipher), trust: event.tls?.trust };
      break;
    }
    case 'CV':
      event.tls = { ...event.tls, trust: value };
      break;
    case 'C':
      event.reason = withoutQuotes(value);
      break;
    case 'QT':
      event.delay = secondsOf(value);
      break;
  }
  return end;
}

/** A quoted value ends at its quote; any other at a space, or at a colon or comma that a space follows. */
function endOfValue(line: string, start: number): number {
  const first = line.charCodeAt(start);
  if (first === 34) {
    let at = start + 1;
    while (at < line.length && line.charCodeAt(at) !== 34) at += line.charCodeAt(at) === 92 ? 2 : 1;
    return Math.min(at + 1, line.length);
  }
  if (first === 60) {
    const close = closingAngle(line, start);
    return close < 0 ? line.length : close + 1;
  }
  const space = line.indexOf(' ', start);
  const end = space < 0 ? line.length : space;
  const last = line.charCodeAt(end - 1);
  return space >= 0 && (last === 58 || last === 44) ? end - 1 : end;
}

export function withoutAngles(text: string): string {
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
}

function withoutQuotes(text: string): string {
  return text.startsWith('"') ? text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined) : text;
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** `ECDHE-RSA-AES256-GCM-SHA384:256`: the cipher without its bits. */
function splitLast(text: string): string {
  const colon = text.lastIndexOf(':');
  return colon > 0 && skipDigits(text, colon + 1) === text.length ? text.slice(0, colon) : text;
}

const secondsByUnit: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 };

/** Exim's time intervals: `2m42s`, `0.349s`, `1d3h`. */
export function secondsOf(text: string): number | undefined {
  let seconds = 0;
  for (let at = 0; at < text.length; ) {
    let end = at;
    while (isDigit(text.charCodeAt(end)) || text.charCodeAt(end) === 46) end++;
    const number = readDecimal(text, at, end);
    const unit = secondsByUnit[text[end] ?? ''];
    if (number === undefined || unit === undefined) return undefined;
    seconds += number * unit;
    at = end + 1;
  }
  return seconds;
}

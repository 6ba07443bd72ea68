// What a Dovecot service says: `service(user)<pid><session>: Level: text`, over syslog or in Dovecot's own log.
import type { MailEvent, Severity } from '../../protocol/mail-event.ts';
import { dovecotServices } from '../header/program-tag.ts';
import { readCount, skipDigits } from '../scan.ts';
import { parseAuth, parsePam } from './auth.ts';
import { parseDelivery } from './delivery.ts';
import { parseLifecycle } from './lifecycle.ts';
import { parseLogin } from './login.ts';
import { parseSession } from './session.ts';

const levels: ReadonlyArray<readonly [string, Severity]> = [
  ['Info: ', 'info'],
  ['Error: ', 'error'],
  ['Warning: ', 'warning'],
  ['Debug: ', 'debug'],
  ['Fatal: ', 'fatal'],
  ['Panic: ', 'panic'],
  ['Warn: ', 'warning'],
];

/** Reads `Info: ` and its kin at `at` into the severity. Returns the position after it. */
function readLevel(line: string, at: number, event: MailEvent): number {
  const first = line.charCodeAt(at);
  if (first < 68 || first > 87) return at;
  for (const [word, severity] of levels) {
    if (!line.startsWith(word, at)) continue;
    event.severity = severity;
    return at + word.length;
  }
  return at;
}

type TextParser = (line: string, start: number, event: MailEvent) => boolean;

/** A service as its lines name it, and who reads what it says first. */
type Service = { readonly word: string; readonly name: string; readonly parse: TextParser | undefined };

function describe(word: string): Service {
  const first = word.charCodeAt(0);
  const name = first >= 65 && first <= 90 ? word.toLowerCase() : word;
  if (name.endsWith('-login')) return { word, name, parse: parseLogin };
  if (name === 'lmtp' || name === 'lda' || name === 'deliver' || name === 'dovecot-lda')
    return { word, name, parse: parseDelivery };
  return { word, name, parse: name.startsWith('auth') ? parseAuth : undefined };
}

/** Every service by its name, and the busiest of them in front: a comparison is cheaper than a look-up. */
const services = new Map([...dovecotServices].map((word) => [word, describe(word)] as const));
const busy = ['lmtp', 'imap', 'imap-login', 'pop3-login', 'pop3', 'auth', 'auth-worker'].map(describe);

function serviceAt(line: string, start: number, end: number): Service | undefined {
  for (const service of busy)
    if (service.word.length === end - start && line.startsWith(service.word, start)) return service;
  return services.get(line.slice(start, end));
}

/** `start` is where the message begins. Sets `event.kind` and what the message tells; it stays `unparsed` otherwise. */
export function parseDovecot(line: string, start: number, event: MailEvent): void {
  let at = start;
  if (line.charCodeAt(at) === 100 && line.startsWith('dovecot: ', at)) at += 9;
  // Dovecot 1.x puts the level before the service.
  at = readLevel(line, at, event);
  if (line.charCodeAt(at) === 112 && line.startsWith('pam_unix(dovecot', at)) {
    parsePam(line, at, event);
    return;
  }
  const nameEnd = endOfName(line, at);
  const service = nameEnd > at ? serviceAt(line, at, nameEnd) : undefined;
  let textAt = service === undefined ? at : readPrefix(line, at, nameEnd, event);
  if (service === undefined && line.startsWith(': ', nameEnd) && readLevel(line, nameEnd + 2, event) > nameEnd + 2) {
    // A service of a plug-in or a later release: its name is known by the level that follows it.
    event.service = line.slice(at, nameEnd);
    textAt = nameEnd + 2;
  }
  if (service !== undefined && textAt > at) event.service = service.name;
  at = readLevel(line, textAt, event);
  if (
    service?.parse?.(line, at, event) ||
    parseSession(line, at, event) ||
    parseDelivery(line, at, event) ||
    parseLifecycle(line, at, event)
  )
    return;
  const severity = event.severity;
  if (severity === 'debug') event.kind = 'info';
  else if (severity !== undefined && severity !== 'info') event.kind = severity;
  event.reason = line.slice(at);
}

function endOfName(line: string, start: number): number {
  let at = start;
  while (isServiceCode(line.charCodeAt(at))) at++;
  return at;
}

/**
 * What follows a service's name (mail_log_prefix and each service's own): `lmtp(1336): `, `imap(user)<pid><session>: `,
 * `auth-worker(304): `, `doveadm(192.0.2.1,user)<pid><session>: `. Returns where the text begins, `start` when this is no prefix.
 */
function readPrefix(line: string, start: number, nameEnd: number, event: MailEvent): number {
  const next = line.charCodeAt(nameEnd);
  if (next === 58) return line.charCodeAt(nameEnd + 1) === 32 ? nameEnd + 2 : start;
  if (next !== 40 && next !== 60) return start;
  let end = nameEnd;
  if (next === 40) {
    end = closingOf(line, nameEnd);
    if (end < 0) return start;
    readArguments(line, nameEnd + 1, end, event);
    end++;
  }
  while (line.charCodeAt(end) === 60) {
    const close = line.indexOf('>', end);
    if (close < 0) break;
    readAngle(line, end + 1, close, event);
    end = close + 1;
  }
  if (line.charCodeAt(end) !== 58) return start;
  return line.charCodeAt(end + 1) === 32 ? end + 2 : end + 1;
}

function isServiceCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 45 ||
    code === 95
  );
}

/** The bracket that closes the arguments: one that `:` or `<` follows, for a user name may hold brackets. */
function closingOf(line: string, open: number): number {
  let close = line.indexOf(')', open);
  while (close >= 0) {
    const after = line.charCodeAt(close + 1);
    if (after === 58 || after === 60) return close;
    close = line.indexOf(')', close + 1);
  }
  return -1;
}

/** `1336`, `user`, `1336, user`, `192.0.2.1,user`, `user,192.0.2.1,sasl:plain`, `default`. */
function readArguments(line: string, start: number, end: number, event: MailEvent): void {
  const pidEnd = skipDigits(line, start);
  if (pidEnd > start && (pidEnd === end || line.startsWith(', ', pidEnd))) {
    event.pid ??= readCount(line, start, pidEnd);
    if (pidEnd < end) event.user = line.slice(pidEnd + 2, end);
    return;
  }
  const text = line.slice(start, end);
  if (!text.includes(',')) {
    if (text !== 'default' && text !== '') event.user = text;
    return;
  }
  const [first = '', second = ''] = text.split(',', 3);
  if (isAddressWord(second)) {
    event.user = first;
    event.clientIp = second;
  } else if (isAddressWord(first)) {
    event.clientIp = first;
    event.user = second;
  } else event.user = text;
}

function isAddressWord(word: string): boolean {
  return /^[0-9a-fA-F.:]+$/.test(word) && (word.includes('.') || word.includes(':'));
}

/** `<pid>` or `<session>`. */
function readAngle(line: string, start: number, end: number, event: MailEvent): void {
  if (end === start) return;
  const digitsEnd = skipDigits(line, start);
  if (digitsEnd === end && event.sessionId === undefined && end - start < 9) event.pid ??= readCount(line, start, end);
  else event.sessionId = line.slice(start, end);
}

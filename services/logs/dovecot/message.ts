// What a Dovecot service says: `service(user)<pid><session>: Level: text`, over syslog or in Dovecot's own log.
import type { MailEvent, Severity } from '../../protocol/mail-event.ts';
import { isDovecotService } from '../header/program-tag.ts';
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

/** `start` is where the message begins. Sets `event.kind` and what the message tells; it stays `unparsed` otherwise. */
export function parseDovecot(line: string, start: number, event: MailEvent): void {
  let at = start;
  if (line.startsWith('dovecot: ', at)) at += 9;
  // Dovecot 1.x puts the level before the service.
  at = readLevel(line, at, event);
  if (line.startsWith('pam_unix(dovecot', at)) {
    parsePam(line, at, event);
    return;
  }
  at = readService(line, at, event);
  at = readLevel(line, at, event);
  const service = event.service;
  const isParsed =
    (service?.endsWith('-login') && parseLogin(line, at, event)) ||
    ((service === 'lmtp' || service === 'lda' || service === 'deliver' || service === 'dovecot-lda') &&
      parseDelivery(line, at, event)) ||
    (service?.startsWith('auth') && parseAuth(line, at, event)) ||
    parseSession(line, at, event) ||
    parseDelivery(line, at, event) ||
    parseLifecycle(line, at, event);
  const severity = event.severity;
  if (!isParsed) {
    event.kind = severity === undefined || severity === 'info' || severity === 'debug' ? 'unparsed' : severity;
    if (severity === 'debug') event.kind = 'info';
    event.reason = line.slice(at);
  }
}

/**
 * The prefix (mail_log_prefix and each service's own): `lmtp(1336): `, `imap(user)<pid><session>: `, `auth-worker(304): `,
 * `doveadm(192.0.2.1,user)<pid><session>: `, `lmtp(pid, user): `. Returns where the text begins.
 */
function readService(line: string, start: number, event: MailEvent): number {
  let at = start;
  for (let code = line.charCodeAt(at); isServiceCode(code); code = line.charCodeAt(at)) at++;
  if (at === start) return start;
  const name = line.slice(start, at);
  const next = line.charCodeAt(at);
  if (next === 58) {
    if (line.charCodeAt(at + 1) !== 32 || !isDovecotService(name)) return start;
    event.service = serviceName(name);
    return at + 2;
  }
  if ((next !== 40 && next !== 60) || !isDovecotService(name)) return start;
  let end = at;
  if (next === 40) {
    end = closingOf(line, at);
    if (end < 0) return start;
    readArguments(line, at + 1, end, event);
    end++;
  }
  while (line.charCodeAt(end) === 60) {
    const close = line.indexOf('>', end);
    if (close < 0) break;
    readAngle(line, end + 1, close, event);
    end = close + 1;
  }
  if (line.charCodeAt(end) !== 58) return start;
  event.service = serviceName(name);
  return line.charCodeAt(end + 1) === 32 ? end + 2 : end + 1;
}

function serviceName(name: string): string {
  const first = name.charCodeAt(0);
  return first >= 65 && first <= 90 ? name.toLowerCase() : name;
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
  const words = line.slice(start, end).split(',', 3);
  const [first = '', second] = words;
  if (second === undefined) {
    if (first !== 'default' && first !== '') event.user = first;
  } else if (isAddressWord(second)) {
    event.user = first;
    event.clientIp = second;
  } else if (isAddressWord(first)) {
    event.clientIp = first;
    event.user = second;
  } else event.user = line.slice(start, end);
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

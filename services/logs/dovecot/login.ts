// imap-login, pop3-login, submission-login, managesieve-login: how a client came in, or why not (login_log_format).
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readCipher } from '../postfix/tls.ts';
import { plainAddress } from '../scan.ts';

export function parseLogin(line: string, start: number, event: MailEvent): boolean {
  if (line.startsWith('Login: user=<', start)) {
    event.kind = 'login';
    readElements(line, start + 7, event);
    return true;
  }
  if (line.startsWith('proxy(', start) || line.startsWith('proxy: ', start)) return parseProxy(line, start, event);
  const elements = elementsStart(line, start);
  const textEnd = elements < 0 ? line.length : elements;
  const text = line.slice(start, textEnd);
  if (!isEnding(text)) return false;
  event.reason = text.endsWith(': ') ? text.slice(0, -2) : text;
  if (elements >= 0) readElements(line, elements, event);
  classify(text, line, event);
  return true;
}

const endings = [
  'Aborted login',
  'Login aborted',
  'Disconnected',
  'Remote closed connection',
  'Client has quit the connection',
  'Connection closed',
  'Maximum number of connections',
  'Internal login failure',
  'Too many invalid commands',
  'Inactivity',
  'Login',
  'Timeout',
  'Shutting down',
  'Disabled for maintenance',
];

function isEnding(text: string): boolean {
  return endings.some((ending) => text.startsWith(ending)) || (text.includes('(') && text.includes(' attempts'));
}

/** Credentials were tried and refused. */
const failures = [
  'auth failed',
  'authorization failed',
  'tried to use dis',
  'tried to use unsupported',
  'sent invalid base64',
  '(auth_failed)',
];
/** The client broke off in a way that scanners do. */
const probes = [
  'disconnected before auth was ready',
  "client didn't finish",
  'tls_handshake_not_finished',
  'disconnected during TLS handshake',
  'Too many invalid',
];

function classify(text: string, line: string, event: MailEvent): void {
  if (text.includes('Maximum number of connections')) event.kind = 'limit';
  else if (failures.some((words) => text.includes(words))) {
    event.kind = 'auth-failure';
    event.securityEvent = true;
  } else if (
    text.includes('auth service reported temporary failure') ||
    text.includes('auth process') ||
    text.includes('nternal failure')
  ) {
    event.kind = 'auth-failure';
  } else if (text.startsWith('Login: ') || text === 'Login') event.kind = 'login';
  else {
    const isBroken = text.includes('no auth attempts') && line.includes('Connection reset by peer');
    const isProbe = isBroken || probes.some((words) => text.includes(words));
    event.kind = isProbe ? 'connection-lost' : 'disconnect';
    if (isProbe && event.clientIp !== undefined) event.securityEvent = true;
  }
}

/** Where `user=<…>, method=…, rip=…` begins, or -1. */
function elementsStart(line: string, start: number): number {
  const user = line.indexOf(': user=<', start);
  if (user >= 0) return user + 2;
  const rip = line.indexOf('rip=', start);
  if (rip < 0) return -1;
  const method = line.indexOf(': method=', start);
  if (method >= 0 && method < rip) return method + 2;
  return rip;
}

/** `user=<…>, method=PLAIN, rip=…, lip=…, mpid=…, TLS, session=<…>` from `start` to the end of the line. */
export function readElements(line: string, start: number, event: MailEvent): void {
  const end = line.length;
  let at = start;
  while (at < end) {
    const first = line.charCodeAt(at);
    let next: number;
    if (first === 117 && line.startsWith('user=<', at)) {
      const close = line.indexOf('>', at);
      next = close < 0 ? end : close + 1;
      if (close > at + 6) event.user = line.slice(at + 6, close);
    } else if (first === 115 && line.startsWith('session=<', at)) {
      const close = line.indexOf('>', at);
      next = close < 0 ? end : close + 1;
      if (close > at + 9) event.sessionId = line.slice(at + 9, close);
    } else {
      const comma = line.indexOf(', ', at);
      next = comma < 0 ? end : comma;
      if (first === 114 && line.startsWith('rip=', at)) event.clientIp = plainAddress(line.slice(at + 4, next));
      else if (first === 109 && line.startsWith('method=', at)) event.saslMethod = line.slice(at + 7, next);
      else if (first === 84 && line.startsWith('TLS', at)) readTls(line, at, next, event);
    }
    at = line.startsWith(', ', next) ? next + 2 : Math.max(next, at + 1);
  }
}

function readTls(line: string, start: number, end: number, event: MailEvent): void {
  if (line.startsWith('TLSv', start) && line.indexOf(' with cipher ', start) < end)
    readCipher(line, start, undefined, event);
  else event.tls ??= {};
}

/** `proxy(user): started proxying to host:port: user=<…>, …`. */
function parseProxy(line: string, start: number, event: MailEvent): boolean {
  const close = line.indexOf('): ', start);
  if (close > 0 && line.startsWith('proxy(', start))
    event.user = line.slice(start + 6, line.indexOf(')', start)).split(',')[0];
  const isStarted = line.includes('started proxying', start);
  event.action = 'proxy';
  const elements = elementsStart(line, start);
  if (elements >= 0) readElements(line, elements, event);
  event.reason = line.slice(start, elements < 0 ? line.length : elements - 2);
  if (isStarted) event.kind = 'login';
  else if (/auth(entication)? failed|AUTHENTICATIONFAILED/i.test(event.reason)) event.kind = 'auth-failure';
  else event.kind = 'disconnect';
  return true;
}

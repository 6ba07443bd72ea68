// auth and auth-worker: `pam(user,192.0.2.1,<session>): unknown user`, `conn unix:auth-worker (…): auth-worker<1>: sql(…): …`.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { plainAddress } from '../scan.ts';

/** What a passdb says when the client's credentials were wrong, rather than when the data base is. */
const refusals = [
  'unknown user',
  'nvalid credentials',
  'assword mismatch',
  'pam_authenticate() failed',
  'Authentication failure due to policy',
  'authentication failed',
  'User found from deny passdb',
  'Password expired',
  'invalid authentication',
  'given password',
];

/** These name the host of a data base in their brackets, not a user. */
const connections = new Set(['mysql', 'pgsql', 'sqlite', 'cassandra', 'sqlpool']);

export function parseAuth(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  // The connection that the worker answers on.
  while (
    line.startsWith('conn unix:', at) ||
    line.startsWith('auth-worker<', at) ||
    line.startsWith('auth-worker(', at)
  ) {
    const colon = line.indexOf(': ', at + 5);
    if (colon < 0) break;
    at = colon + 2;
  }
  const open = at;
  while (isDriverCode(line.charCodeAt(at))) at++;
  const driverEnd = at;
  if (driverEnd > open && line.charCodeAt(at) === 40 && !connections.has(line.slice(open, driverEnd))) {
    const close = line.indexOf('): ', at);
    if (close > 0) {
      readLookup(line, at + 1, close, event);
      at = close + 3;
    }
  } else if (driverEnd > open && line.startsWith(': ', at) && event.user !== undefined) {
    at += 2;
  } else at = open;
  const reason = line.slice(at);
  const isRefused = refusals.some((words) => reason.includes(words));
  const isOurs = event.severity === 'error' || event.severity === 'fatal' || event.severity === 'panic';
  if (isRefused && (event.user !== undefined || event.clientIp !== undefined) && !isOurs) {
    event.kind = 'auth-failure';
    event.reason = reason;
    if (event.clientIp !== undefined) event.securityEvent = true;
    return true;
  }
  if (reason.includes('uthentication penalty') || reason.includes('tarpit') || reason.startsWith('penalty')) {
    event.kind = 'limit';
    event.reason = reason;
    return true;
  }
  if (event.severity === undefined || event.severity === 'info') {
    if (at === open) return false;
    event.kind = 'info';
    event.reason = reason;
    return true;
  }
  if (event.severity === 'debug') return false;
  event.kind = event.severity;
  event.reason = line.slice(open);
  return true;
}

function isDriverCode(code: number): boolean {
  return (code >= 97 && code <= 122) || code === 45 || code === 95 || (code >= 48 && code <= 57);
}

/** `user,192.0.2.1,<session>`; the user may be empty, and the address too. */
function readLookup(line: string, start: number, end: number, event: MailEvent): void {
  const session = line.indexOf(',<', start);
  const sessionAt = session > 0 && session < end ? session : end;
  if (sessionAt < end && line.charCodeAt(end - 1) === 62) event.sessionId = line.slice(sessionAt + 2, end - 1);
  const words = line.slice(start, sessionAt).split(',');
  const [user = '', address = ''] = words;
  if (user !== '') event.user = user;
  if (address !== '' && (address.includes('.') || address.includes(':'))) event.clientIp = plainAddress(address);
}

/** PAM on its own: `pam_unix(dovecot:auth): authentication failure; logname= uid=0 … ruser=web rhost=192.0.2.1  user=web`. */
export function parsePam(line: string, start: number, event: MailEvent): void {
  event.service ??= 'auth';
  const colon = line.indexOf('): ', start);
  event.reason = colon < 0 ? line.slice(start) : line.slice(colon + 3);
  const isFailure =
    event.reason.startsWith('authentication failure') || event.reason.startsWith('check pass; user unknown');
  event.kind = isFailure ? 'auth-failure' : 'info';
  const host = line.lastIndexOf('rhost=');
  if (host > start) {
    const address = wordAt(line, host + 6);
    if (address !== '') event.clientIp = plainAddress(address);
  }
  const user = line.indexOf('ruser=', start);
  if (user > 0) {
    const name = wordAt(line, user + 6);
    if (name !== '') event.user = name;
  }
  if (isFailure && event.clientIp !== undefined) event.securityEvent = true;
}

function wordAt(line: string, start: number): string {
  const space = line.indexOf(' ', start);
  return line.slice(start, space < 0 ? line.length : space);
}

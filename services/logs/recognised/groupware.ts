// Webmail, groupware and mail servers of other houses that are recognised by how their own logs look.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { addressAt, addressBehind, between, type Form, isAddress, nonEmpty, readForms } from '../words.ts';

const roundcube: readonly Form[] = [
  { words: 'FAILED login for ', kind: 'auth-failure', isAttempt: true },
  { words: 'Failed login for ', kind: 'auth-failure', isAttempt: true },
  { words: 'Login failed for ', isInside: true, kind: 'auth-failure', isAttempt: true },
  { words: 'Successful login for ', kind: 'login' },
  { words: 'Aborted session for ', kind: 'logout' },
  { words: 'IMAP Error', kind: 'error' },
  { words: 'SMTP Error', kind: 'error' },
  { words: 'DB Error', kind: 'error' },
  { words: 'PHP Error', kind: 'error' },
  { words: 'PHP ', kind: 'warning' },
  { words: 'STORAGE', kind: 'error' },
  { words: 'User ', kind: 'info', isBracketed: true },
];

/** `<session> IMAP Error: Login failed for user from address. …`; the first user, the last address before the reason. */
export function parseRoundcube(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  if (line.charCodeAt(at) === 60) {
    const close = line.indexOf('> ', at);
    if (close < 0 || close - at > 40) return false;
    event.sessionId = line.slice(at + 1, close);
    at = close + 2;
  }
  if (!readForms(roundcube, line, at, event)) return false;
  const words = line.indexOf('ogin for ', at);
  const failed = words < 0 ? line.indexOf('ogin failed for ', at) : words;
  if (failed < 0) return true;
  const userAt = line.indexOf(' for ', failed) + 5;
  event.user = nonEmpty(between(line, userAt, '', ' '));
  // The user name may say ` from address` too, so the last one counts that stands before the server's answer.
  const answer = line.indexOf('. AUTHENTICATE ', userAt);
  const limit = answer < 0 ? line.length : answer;
  for (let from = line.lastIndexOf(' from ', limit); from >= userAt; from = line.lastIndexOf(' from ', from - 1)) {
    event.clientIp = addressAt(line, from + 6);
    if (event.clientIp !== undefined) break;
  }
  return true;
}

/** SOGo: `sogod [pid]: SOGoRootPage Login from 'address' for user 'name' might not have worked`, and its access log. */
export function parseSogo(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  if (line.startsWith('sogod [', at)) {
    const pidEnd = line.indexOf(']: ', at);
    if (pidEnd < 0) return false;
    event.pid = Number(line.slice(at + 7, pidEnd)) || undefined;
    at = pidEnd + 3;
  } else if (event.software !== 'sogo') return parseSogoAccess(line, start, event);
  // Over syslog the process id stands in the text.
  const close = line.charCodeAt(at) === 91 ? line.indexOf(']: ', at) : -1;
  if (close > 0 && close - at < 12) at = close + 3;
  event.kind = 'info';
  event.reason = line.slice(at);
  const login = line.indexOf("Login from '", at);
  if (login >= 0) {
    event.clientIp = addressAt(line, login + 12);
    event.user = nonEmpty(between(line, login, "for user '", "'"));
    const isFailed = line.includes('might not have worked', login);
    event.kind = isFailed ? 'auth-failure' : 'login';
    if (isFailed) event.securityEvent = true;
  } else if (line.includes('successful login from ', at)) {
    event.kind = 'login';
    event.clientIp = addressBehind(line, at, 'from ');
  } else if (line.includes('NSException', at) || line.includes('ERROR', at)) {
    event.kind = 'error';
    event.severity = 'error';
  } else if (/terminat|starting|listening|child/.test(event.reason)) event.kind = 'lifecycle';
  return true;
}

/** `192.0.2.1 - - [24/Mar/2013:08:58:32 GMT] "POST /SOGo/connect HTTP/1.1" 403 …`. */
function parseSogoAccess(line: string, start: number, event: MailEvent): boolean {
  const quote = line.indexOf('] "', start);
  const space = line.indexOf(' ', start);
  if (quote < 0 || quote - start > 160 || !line.startsWith('/SOGo', line.indexOf(' ', quote + 3) + 1)) return false;
  if (isAddress(line, start, space)) event.clientIp = line.slice(start, space);
  event.kind = 'info';
  event.reason = line.slice(quote + 2);
  return true;
}

const horde: readonly Form[] = [
  {
    words: 'FAILED LOGIN for ',
    isInside: true,
    kind: 'auth-failure',
    isAttempt: true,
    user: ['FAILED LOGIN for ', ' ['],
    isBracketed: true,
  },
  {
    words: 'Failed login for ',
    isInside: true,
    kind: 'auth-failure',
    isAttempt: true,
    user: ['Failed login for ', ' '],
    isBracketed: true,
  },
  { words: 'LOGIN FAILED', isInside: true, kind: 'auth-failure', isAttempt: true, isBracketed: true },
  { words: 'Login success for ', isInside: true, kind: 'login', user: ['Login success for ', ' '], isBracketed: true },
  { words: 'Logout for ', isInside: true, kind: 'logout', user: ['Logout for ', ' '], isBracketed: true },
  { words: 'Message sent to ', isInside: true, kind: 'info' },
  { words: '[error]', isInside: true, kind: 'error' },
  { words: '[warning]', isInside: true, kind: 'warning' },
  { words: '[', kind: 'info' },
];

/** Horde: `HORDE [error] [imp] FAILED LOGIN for user [address] to {server …}`. */
export function parseHorde(line: string, start: number, event: MailEvent): boolean {
  const isOwn = line.startsWith('HORDE [', start);
  if (!isOwn && event.software !== 'horde') return false;
  if (!readForms(horde, line, isOwn ? start + 6 : start, event)) return false;
  // The name of the application stands in brackets too, but is no address; a newer form has `(forwarded for …)` behind it.
  event.clientIp ??= addressBehind(line, start, ' from ');
  return true;
}

/** OpenWebmail: `[pid] (address) user - login error - …`. */
export function parseOpenWebmail(line: string, start: number, event: MailEvent): boolean {
  const parts = /^\[(\d{1,9})\] \(([0-9A-Fa-f:.]{3,45})\) (\S+) - /.exec(line.slice(start, start + 200));
  if (parts === null) return false;
  event.pid = Number(parts[1]);
  event.clientIp = addressAt(parts[2] ?? '', 0);
  event.user = parts[3];
  event.reason = line.slice(start + parts[0].length);
  const isFailed = event.reason.startsWith('login error') || event.reason.startsWith('userinfo error');
  event.kind = isFailed ? 'auth-failure' : event.reason.startsWith('login') ? 'login' : 'info';
  if (event.reason.startsWith('logout')) event.kind = 'logout';
  if (isFailed) event.securityEvent = true;
  return true;
}

/** SquirrelMail's logger: `[LOGIN_ERROR] user (domain) from address: reason`. */
export function parseSquirrelMail(line: string, start: number, event: MailEvent): boolean {
  const parts = /^\[([A-Z_]{3,24})\] /.exec(line.slice(start, start + 32));
  if (parts === null) return false;
  const name = parts[1] ?? '';
  const from = line.indexOf(' from ', start);
  event.action = name;
  event.reason = line.slice(start + parts[0].length);
  event.user = nonEmpty(event.reason.split(' ', 1)[0]);
  if (from > 0) event.clientIp = addressAt(line, from + 6);
  event.kind =
    name === 'LOGIN_ERROR' ? 'auth-failure' : name === 'LOGIN' ? 'login' : name === 'LOGOUT' ? 'logout' : 'info';
  if (event.kind === 'auth-failure') event.securityEvent = true;
  return true;
}

const kerio: readonly Form[] = [
  { words: 'Attempt to deliver to unknown recipient ', kind: 'reject', isAttempt: true, address: ', IP address ' },
  { words: 'SMTP Spam attack detected from ', kind: 'connection-lost', isAttempt: true, address: ' from ' },
  { words: ' found in DNS blacklist ', isInside: true, kind: 'reject', isAttempt: true, address: 'IP address ' },
  { words: 'Relay attempt from IP address ', kind: 'reject', isAttempt: true, address: 'IP address ' },
  {
    words: " doesn't exist. Attempt from IP address ",
    isInside: true,
    kind: 'auth-failure',
    isAttempt: true,
    address: 'IP address ',
    user: ['User ', ' '],
  },
  { words: 'Client with IP address ', kind: 'reject', isAttempt: true, address: 'IP address ' },
  { words: 'Administration login ', kind: 'login', address: ' from ' },
  { words: 'Message from IP address ', kind: 'reject', isAttempt: true, address: 'IP address ' },
  { words: 'Failed ', kind: 'auth-failure', isAttempt: true, address: ' from ', user: ['user ', ' '] },
  {
    words: ' authentication failed',
    isInside: true,
    kind: 'auth-failure',
    isAttempt: true,
    address: ' from ',
    user: ['User ', ' '],
  },
  {
    words: 'Invalid password for user ',
    isInside: true,
    kind: 'auth-failure',
    isAttempt: true,
    address: 'IP address ',
    user: ['for user ', '.'],
  },
  { words: 'Attempt from IP address ', isInside: true, kind: 'auth-failure', isAttempt: true, address: 'IP address ' },
  { words: 'Account lockout', isInside: true, kind: 'limit', isAttempt: true, address: 'IP address ' },
  { words: 'Too many ', kind: 'limit', isAttempt: true, address: ' from ' },
  { words: 'Recv: ', kind: 'queued' },
  { words: 'Sent: ', kind: 'delivery' },
  { words: 'Client ', kind: 'info', address: 'address ' },
  { words: 'SMTP: ', kind: 'info', address: 'IP address ' },
  { words: 'IP address ', kind: 'info', address: 'IP address ' },
];

/** Kerio Connect's security and mail log. */
export function parseKerio(line: string, start: number, event: MailEvent): boolean {
  if (!readForms(kerio, line, start, event)) return false;
  if (line.startsWith('Administration login ', start) && line.includes(' failed', start)) {
    event.kind = 'auth-failure';
    event.securityEvent = true;
  }
  const from = between(line, start, 'from <', '>') ?? between(line, start, 'sender <', '>');
  event.from = from;
  event.to = between(line, start, ' to <', '>') ?? between(line, start, 'recipient <', '>');
  return true;
}

/** HCL (IBM, Lotus) Domino: `SMTP Server: Authentication failed for user x ; connecting host address`, `smtp: x [address] authentication failure …`. */
export function parseDomino(line: string, start: number, event: MailEvent): boolean {
  const isServer = /^(?:SMTP|IMAP|POP3|LDAP|HTTP)(?: Server)?(?::| \[)/i.test(line.slice(start, start + 16));
  if (!isServer) return false;
  event.reason = line.slice(start);
  if (line.includes('Authentication failed for user ', start)) {
    event.kind = 'auth-failure';
    event.user = between(line, start, 'failed for user ', ' ;');
    event.clientIp = addressBehind(line, start, 'connecting host ');
  } else if (line.includes(' authentication failure using internet password', start)) {
    event.kind = 'auth-failure';
    const end = line.indexOf(' authentication failure', start);
    const word = line.lastIndexOf(' ', end - 1) + 1;
    event.clientIp = addressAt(line, word);
    event.user = nonEmpty(line.slice(line.indexOf(': ', start) + 2, word).trim());
  } else if (line.includes(' rejected for policy reasons', start)) {
    event.kind = 'reject';
    event.clientIp = addressBehind(line, start, 'Connection from ');
  } else if (/ connected$/.test(line)) {
    event.kind = 'connect';
    event.clientIp = addressBehind(line, start, ': ');
  } else if (/ disconnected\./.test(line.slice(start, start + 400))) {
    event.kind = 'disconnect';
    event.clientIp = addressBehind(line, start, ': ');
  } else event.kind = 'info';
  if ((event.kind === 'auth-failure' || event.kind === 'reject') && event.clientIp !== undefined)
    event.securityEvent = true;
  return true;
}

/** Oracle Messaging Server's XML: `<co ts=… tr="TCP|local|25|client|4299" mi="Bad password" us="user" di="535 …"/>`. */
export function parseOracle(line: string, start: number, event: MailEvent): boolean {
  if (!line.startsWith('<', start) || !line.startsWith(' ts="', line.indexOf(' ', start))) return false;
  const [, , , address = '', port = ''] = (between(line, start, ' tr="', '"') ?? '').split('|');
  const mark = between(line, start, ' mi="', '"') ?? '';
  const answer = between(line, start, ' di="', '"') ?? '';
  if (isAddress(address, 0, address.length)) event.clientIp = address;
  event.clientPort = Number(port) || undefined;
  event.user = nonEmpty(between(line, start, ' us="', '"'));
  event.from = between(line, start, ' fr="', '"');
  event.to = between(line, start, ' to="', '"');
  event.reason = nonEmpty(mark) ?? nonEmpty(answer);
  event.action = between(line, start, ' ac="', '"');
  if (/^\d{3}$/.test(answer.slice(0, 3))) event.reply = { code: Number(answer.slice(0, 3)), enhanced: undefined };
  const code = event.reply?.code ?? 0;
  if (mark.startsWith('Authentication successful')) event.kind = 'auth-success';
  else if (code === 535 || mark.startsWith('Bad password') || mark.startsWith('Authentication failed')) {
    event.kind = 'auth-failure';
    event.securityEvent = true;
  } else event.kind = code >= 500 ? 'reject' : 'info';
  return true;
}

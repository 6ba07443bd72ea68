// IMAP and POP3 servers that are recognised: who came in, who was refused, from where.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { addressAt, type Form, nonEmpty, readBracketedAddress, readForms } from '../words.ts';

const ip = 'ip=[';
const courier: readonly Form[] = [
  { words: 'LOGIN FAILED', kind: 'auth-failure', isAttempt: true, user: ['user=', ', '], address: ip },
  { words: 'LOGIN: ', kind: 'login', user: ['user=', ', '], address: ip },
  { words: 'LOGIN, ', kind: 'login', user: ['user=', ', '], address: ip },
  { words: 'LOGOUT, ', kind: 'logout', user: ['user=', ', '], address: ip },
  { words: 'DISCONNECTED, ', kind: 'logout', user: ['user=', ', '], address: ip },
  { words: 'TIMEOUT, ', kind: 'logout', user: ['user=', ', '], address: ip },
  { words: 'Disconnected, ', kind: 'disconnect', address: ip },
  { words: 'Connection, ', kind: 'connect', address: ip },
  { words: 'Unexpected SSL connection shutdown', kind: 'connection-lost', address: ip },
  { words: 'Maximum connection limit reached', kind: 'limit', address: ' for ' },
  { words: 'couriertls: ', kind: 'tls', address: ip },
  { words: 'starttls: ', kind: 'tls', address: ip },
  { words: 'authentication error', kind: 'warning', address: ip },
  { words: 'chdir ', kind: 'error', user: ['user=', ', '], address: ip },
];
/** The words of these alone would suit others; the daemon is known by its name. */
const courierNamed: readonly Form[] = [
  { words: 'error,relay=', kind: 'reject', isAttempt: true, address: 'relay=' },
  { words: 'started,ip=', kind: 'connect', address: 'ip=' },
  { words: 'started,', kind: 'info' },
  { words: 'ok,relay=', kind: 'client', address: 'relay=' },
  { words: 'newmsg,', kind: 'queued', isBracketed: true },
  { words: 'completed,', kind: 'removed' },
  { words: 'id=', kind: 'delivery' },
  { words: 'modules=', kind: 'lifecycle' },
  { words: 'Installing ', kind: 'lifecycle' },
  { words: 'Installation complete', kind: 'lifecycle' },
  { words: 'Loading ', kind: 'lifecycle' },
  { words: 'Started ', kind: 'lifecycle' },
  { words: 'Starting ', kind: 'lifecycle' },
  { words: 'Initializing ', kind: 'lifecycle' },
  { words: 'Waiting', kind: 'lifecycle' },
  { words: 'Purging ', kind: 'lifecycle' },
  { words: 'Queuing ', kind: 'lifecycle' },
  { words: 'stopping authdaemond', kind: 'lifecycle' },
  { words: 'restarting authdaemond', kind: 'lifecycle' },
  { words: 'failed to connect to ', kind: 'error' },
  { words: 'authpgsql', kind: 'info' },
  { words: 'auth', kind: 'info' },
  { words: 'received auth request', kind: 'info' },
  { words: 'Authenticated: ', kind: 'auth-success' },
  { words: 'password ', kind: 'info' },
  { words: 'ERR: ', kind: 'error' },
  { words: 'Error ', kind: 'error' },
];

export function parseCourier(line: string, start: number, event: MailEvent): boolean {
  const isRead =
    readForms(courier, line, start, event) ||
    (event.software === 'courier' && readForms(courierNamed, line, start, event));
  if (isRead && event.kind === 'reject') readCourierPath(line, start, event);
  return isRead;
}

/** `error,relay=…,ident=…,from=<…>,to=<…>: 550 User unknown.` */
function readCourierPath(line: string, start: number, event: MailEvent): void {
  const from = line.indexOf('from=<', start);
  const to = line.indexOf(',to=<', start);
  if (from > 0) event.from = line.slice(from + 6, line.indexOf('>', from));
  if (to > 0) event.to = line.slice(to + 5, line.indexOf('>', to));
  if (line.includes('Authentication failed', start)) event.kind = 'auth-failure';
}

const cyrus: readonly Form[] = [
  { words: 'badlogin: ', kind: 'auth-failure', isAttempt: true, isBracketed: true },
  { words: 'login: ', kind: 'login', isBracketed: true },
  { words: 'accepted connection', kind: 'connect' },
  { words: 'starttls: ', kind: 'tls', isBracketed: true },
  { words: ' TLS negotiation failed: ', isInside: true, kind: 'tls', isBracketed: true },
  { words: 'STARTTLS negotiation failed: ', kind: 'tls', isBracketed: true },
];
const cyrusNamed: readonly Form[] = [
  { words: 'Delivered: ', kind: 'mailbox-delivery' },
  { words: 'dupelim: ', kind: 'mailbox-delivery' },
  { words: 'duplicate_check: ', kind: 'info' },
  { words: 'duplicate_mark: ', kind: 'info' },
  { words: 'verify_user(', kind: 'reject' },
  { words: 'lmtp connection ', kind: 'connect', isBracketed: true },
  { words: 'lmtpd: connection', kind: 'connect' },
  { words: 'open: user ', kind: 'mailbox-action', user: ['open: user ', ' '], action: 'open' },
  { words: 'Expunged ', kind: 'mailbox-action', action: 'expunge' },
  { words: 'Deleted mailbox ', kind: 'mailbox-action', action: 'delete' },
  { words: 'USAGE ', kind: 'statistics', user: ['USAGE ', ' '] },
  { words: 'auditlog: ', kind: 'mailbox-action' },
  { words: 'sieve ', kind: 'sieve' },
  { words: 'FILEINTO: ', kind: 'sieve' },
  { words: 'telemetry ', kind: 'info' },
  { words: 'about to exec ', kind: 'lifecycle' },
  { words: 'executed', kind: 'lifecycle' },
  { words: 'ready for work', kind: 'lifecycle' },
  { words: 'process ', kind: 'lifecycle' },
  { words: 'service ', kind: 'lifecycle' },
  { words: 'unable to ', kind: 'error' },
  { words: 'checkpointing ', kind: 'lifecycle' },
  { words: 'done checkpointing', kind: 'lifecycle' },
  { words: 'archiving ', kind: 'lifecycle' },
  { words: 'recovering ', kind: 'lifecycle' },
  { words: 'done recovering', kind: 'lifecycle' },
  { words: 'starting txn', kind: 'info' },
  { words: 'skiplist', kind: 'info' },
  { words: 'seen_db: ', kind: 'info' },
  { words: 'fetching user_deny', kind: 'info' },
  { words: 'mystore', kind: 'info' },
  { words: 'mydelete', kind: 'info' },
  { words: 'myfetch', kind: 'info' },
  { words: 'inittls', kind: 'tls' },
  { words: 'TLS ', kind: 'tls' },
  { words: 'SSL_', kind: 'tls' },
  { words: 'Connection reset by peer', kind: 'connection-lost' },
  { words: 'idle for too long', kind: 'disconnect' },
  { words: 'timeout', kind: 'disconnect' },
  { words: 'client id', kind: 'info' },
  { words: 'DBERROR', kind: 'error' },
  { words: 'IOERROR', kind: 'error' },
  { words: 'DIGEST-MD5 ', kind: 'info' },
  { words: 'no user in db', kind: 'info' },
  { words: 'created ', kind: 'mailbox-action', action: 'create' },
  { words: 'created decompress buffer', kind: 'info' },
  { words: 'SQUAT ', kind: 'info' },
  { words: 'indexing ', kind: 'info' },
  { words: 'done indexing', kind: 'info' },
  { words: 'Fatal error', kind: 'fatal' },
  { words: 'counts: ', kind: 'statistics' },
];

export function parseCyrus(line: string, start: number, event: MailEvent): boolean {
  const isNamed = event.software === 'cyrus' || event.software === 'sieve';
  if (!readForms(cyrus, line, start, event) && !(isNamed && readForms(cyrusNamed, line, start, event))) return false;
  if (event.kind === 'auth-failure' || event.kind === 'login') readCyrusClient(line, start, event);
  return true;
}

/** `badlogin: host [address] mechanism user SASL(-13): …`, `login: host [address] user mechanism User logged in`. */
function readCyrusClient(line: string, start: number, event: MailEvent): void {
  const nameAt = line.indexOf(': ', start) + 2;
  const after = readBracketedAddress(line, nameAt, event);
  const open = after < 0 ? -1 : line.lastIndexOf('[', after - 1);
  if (open < 0) return;
  event.clientHost = nonEmpty(line.slice(nameAt, open).trim());
  const [first = '', second = ''] = line.slice(after).trim().split(' ', 2);
  const [user, method] = event.kind === 'login' ? [first, second] : [second, first];
  event.saslMethod = nonEmpty(method);
  if (!user.startsWith('[') && !user.startsWith('SASL') && user !== 'authentication')
    event.user = nonEmpty(user.replace(/^\(|\)$/g, ''));
}

const host = { user: ['user=', ' '] as const, isBracketed: true };
const uwImap: readonly Form[] = [
  { words: 'Login failed ', kind: 'auth-failure', isAttempt: true, ...host },
  { words: 'Login excessive login failures ', kind: 'auth-failure', isAttempt: true, ...host },
  { words: 'Login disabled ', kind: 'auth-failure', isAttempt: true, ...host },
  { words: 'Failed ', kind: 'auth-failure', isAttempt: true, ...host },
  { words: 'AUTHENTICATE ', kind: 'auth-failure', isAttempt: true, isBracketed: true },
  { words: 'Excessive login ', kind: 'auth-failure', isAttempt: true, ...host },
  { words: 'Authenticated user=', kind: 'login', ...host },
  { words: 'Preauthenticated user=', kind: 'login', ...host },
  { words: 'Login user=', kind: 'login', ...host },
  { words: 'Auth user=', kind: 'login', ...host },
  { words: 'APOP user=', kind: 'login', ...host },
  { words: 'Override of user=', kind: 'login', ...host },
  { words: 'Logout user=', kind: 'logout', ...host },
  { words: 'Autologout user=', kind: 'logout', ...host },
  { words: 'Update user=', kind: 'logout', ...host },
  { words: 'Killed (lost mailbox lock) user=', kind: 'connection-lost', ...host },
  { words: 'Command stream end of file', kind: 'connection-lost', ...host },
  { words: 'Unexpected client disconnect', kind: 'connection-lost', ...host },
  { words: 'Connection reset by peer, while ', kind: 'connection-lost', ...host },
  { words: 'Connection timed out, while ', kind: 'connection-lost', ...host },
  { words: 'Broken pipe, while ', kind: 'connection-lost', ...host },
  { words: 'No route to host, while ', kind: 'connection-lost', ...host },
  { words: 'Unable to accept SSL connection', kind: 'tls', isBracketed: true },
  { words: 'SSL error status', kind: 'tls', isBracketed: true },
  { words: 'imap service init from ', kind: 'connect', address: ' from ' },
  { words: 'imaps SSL service init from ', kind: 'connect', address: ' from ' },
  { words: 'pop3 service init from ', kind: 'connect', address: ' from ' },
  { words: 'pop3s SSL service init from ', kind: 'connect', address: ' from ' },
  { words: 'pop2 service init from ', kind: 'connect', address: ' from ' },
  { words: 'Moved ', kind: 'mailbox-action', isBracketed: true },
  { words: 'Mailbox ', kind: 'warning' },
  { words: 'Trying to get mailbox lock', kind: 'warning' },
  { words: 'Expunge', kind: 'mailbox-action' },
];
/** Those of `Failed …` and `AUTHENTICATE …` that are UW's go on so. */
const uwGoesOn: Readonly<Record<string, string>> = { 'Failed ': ' of user=', 'AUTHENTICATE ': ' failure host=' };

export function parseUwImap(line: string, start: number, event: MailEvent): boolean {
  for (const [words, more] of Object.entries(uwGoesOn))
    if (line.startsWith(words, start) && !line.includes(more, start)) return false;
  const isRead = readForms(uwImap, line, start, event);
  if (isRead && event.clientIp !== undefined) {
    const name = line.indexOf('host=', start);
    const open = line.indexOf(' [', name);
    if (name > 0 && open > name) event.clientHost = nonEmpty(line.slice(name + 5, open));
  }
  return isRead;
}

const solidPop3: readonly Form[] = [
  { words: 'authentication failed', kind: 'auth-failure', isAttempt: true },
  { words: 'APOP authentication failed', kind: 'auth-failure', isAttempt: true },
  { words: 'root login not allowed', kind: 'auth-failure', isAttempt: true },
  { words: "can't find APOP secret", kind: 'auth-failure', isAttempt: true },
  { words: 'user ', kind: 'login', user: ['user ', ' '] },
  { words: 'connect from ', kind: 'connect', address: 'connect from ' },
  { words: 'session ', kind: 'logout' },
  { words: 'autologout', kind: 'logout' },
  { words: 'error', kind: 'error' },
];

/** solid-pop3d ends with ` - address`; the user is the word before it. */
export function parseSolidPop3(line: string, start: number, event: MailEvent): boolean {
  if (!readForms(solidPop3, line, start, event)) return false;
  const dash = line.lastIndexOf(' - ');
  if (dash < start) return true;
  event.clientIp ??= addressAt(line, dash + 3);
  const word = line.lastIndexOf(' ', dash - 1) + 1;
  if (event.kind === 'auth-failure' && !line.startsWith('root', start)) event.user = line.slice(word, dash);
  return true;
}

const cucipop: readonly Form[] = [
  { words: 'authentication failure ', kind: 'auth-failure', isAttempt: true },
  { words: 'autologout', kind: 'logout' },
  { words: 'login ', kind: 'login' },
];

/** `authentication failure user address`. */
export function parseCucipop(line: string, start: number, event: MailEvent): boolean {
  const isFailure = line.startsWith('authentication failure ', start);
  const address = isFailure ? addressAt(line, line.lastIndexOf(' ') + 1) : undefined;
  if (event.software !== 'cucipop' && address === undefined) return false;
  if (!readForms(cucipop, line, start, event)) return false;
  if (!isFailure) return true;
  event.clientIp = address;
  event.user = nonEmpty(line.slice(start + 23).split(' ', 1)[0]);
  return true;
}

const perdition: readonly Form[] = [
  {
    words: 'Fatal Error reading authentication information',
    kind: 'auth-failure',
    isAttempt: true,
    address: ' client ',
  },
  {
    words: 'Fatal error reading authentication information',
    kind: 'auth-failure',
    isAttempt: true,
    address: ' client ',
  },
  { words: 'Connect: ', kind: 'connect', address: 'Connect: ' },
  { words: 'Closing: ', kind: 'logout', address: 'Closing: ', user: ['authentication_id="', '"'] },
  { words: 'Close: ', kind: 'logout', address: 'Close: ', user: ['authentication_id="', '"'] },
  { words: 'Error ', kind: 'error' },
  { words: 'Starting ', kind: 'lifecycle' },
  { words: 'Exiting', kind: 'lifecycle' },
];

/** `Auth: client:port->server:port … authentication_id="user" … status="failed: …"`. */
export function parsePerdition(line: string, start: number, event: MailEvent): boolean {
  if (!line.startsWith('Auth: ', start)) return readForms(perdition, line, start, event);
  const isFailed = line.includes('status="failed', start);
  const words = isFailed ? 'auth-failure' : 'login';
  return readForms(
    [{ words: 'Auth: ', kind: words, isAttempt: isFailed, address: 'Auth: ', user: ['authentication_id="', '"'] }],
    line,
    start,
    event,
  );
}

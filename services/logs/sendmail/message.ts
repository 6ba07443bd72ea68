// Sendmail: what becomes of a message, what clients are refused, and what milters decide.
import type { EventKind, MailEvent } from '../../protocol/mail-event.ts';
import { isDigit, readCount, readReply } from '../scan.ts';
import { between, type Form, readBracketedAddress, readForms } from '../words.ts';
import { endOfKey, plainPath, readList, readOutgoing, readRelay, secondsOfInterval } from './fields.ts';

export function parseSendmail(line: string, start: number, event: MailEvent): boolean {
  const idEnd = endOfQueueId(line, start);
  let at = start;
  if (idEnd > start) {
    event.queueId = line.slice(start, idEnd);
    at = idEnd + 2;
    // A notice about it, or a copy, has an id of its own: `QID: QID: DSN: User unknown`.
    const nextEnd = endOfQueueId(line, at);
    if (nextEnd > at) {
      event.nextQueueId = line.slice(at, nextEnd);
      at = nextEnd + 2;
    }
  }
  // One recipient of several was split off: `QID: to=…` follows a second time.
  if (endOfKey(line, at) >= 0) return parseList(line, at, event);
  if (parseMilter(line, at, event) || parseClient(line, at, event) || readForms(forms, line, at, event)) return true;
  if (line.startsWith('AUTH=', at) || line.startsWith('STARTTLS=', at)) return parseSession(line, at, event);
  if (parseRecipient(line, at, event)) return true;
  if (event.queueId === undefined) return false;
  event.kind = 'info';
  event.reason = line.slice(at);
  return true;
}

const idCharsMin = 8;
const idCharsMax = 20;

/** `s1GNXHYB005133: `, `NOQUEUE: `: letters and digits, among them at least one digit, and a colon. */
function endOfQueueId(line: string, start: number): number {
  if (line.startsWith('NOQUEUE: ', start)) return start + 7;
  let digits = 0;
  for (let at = start; at <= start + idCharsMax; at++) {
    const code = line.charCodeAt(at);
    if (isDigit(code)) digits++;
    else if (code === 58) return digits > 0 && at >= start + idCharsMin && line.charCodeAt(at + 1) === 32 ? at : start;
    else if (!(code >= 65 && code <= 90) && !(code >= 97 && code <= 122)) return start;
  }
  return start;
}

function parseList(line: string, start: number, event: MailEvent): boolean {
  const fields = readList(line, start);
  const first = fields[0]?.[0];
  if (first === 'from') return parseFrom(fields, event);
  if (first === 'to') return parseTo(fields, event);
  if (first === 'ruleset' || first === 'milter') return parseRefusal(fields, event);
  event.kind = 'info';
  event.reason = line.slice(start);
  return true;
}

type Fields = ReturnType<typeof readList>;

/** `from=<…>, size=…, class=…, nrcpts=…, msgid=<…>, proto=…, daemon=…, relay=host [address]`. */
function parseFrom(fields: Fields, event: MailEvent): boolean {
  event.kind = 'queued';
  for (const [key, value] of fields) {
    if (key === 'from') event.from = plainPath(value);
    else if (key === 'size') event.size = readCount(value, 0, value.length);
    else if (key === 'nrcpts') event.nrcpt = readCount(value, 0, value.length);
    else if (key === 'msgid') event.messageId = plainPath(value);
    else if (key === 'relay') readRelay(value, event);
  }
  // A client named a sender and then no recipient that was accepted: addresses are being tried.
  if (event.nrcpt === 0 && event.clientIp !== undefined) {
    event.kind = 'reject';
    event.reason = 'no recipient was accepted';
    event.securityEvent = true;
  }
  return true;
}

/** `to=<…>, ctladdr=…, delay=00:00:01, xdelay=…, mailer=esmtp, pri=…, relay=host. [address], dsn=2.0.0, stat=Sent (…)`. */
function parseTo(fields: Fields, event: MailEvent): boolean {
  event.kind = 'delivery';
  for (const [key, value] of fields) {
    if (key === 'to') readRecipients(value, event);
    else if (key === 'delay') event.delay = secondsOfInterval(value);
    else if (key === 'dsn') event.dsn = value;
    else if (key === 'relay') event.relay = readOutgoing(value);
    else if (key === 'ntries') event.counters = { attempts: Number(value) || 0 };
    else if (key === 'mailer') event.relay ??= { host: value, ip: undefined, port: undefined, service: undefined };
    else if (key === 'stat') readStatus(value, event);
  }
  return true;
}

/** `<a>,<b>`, or `a,b` without brackets. */
function readRecipients(value: string, event: MailEvent): void {
  const recipients = value.split(value.startsWith('<') ? '>,<' : ',');
  const [first = ''] = recipients;
  event.to = recipients.length === 1 ? plainPath(first) : first.replace(/^</, '');
  event.nrcpt = recipients.length;
}

function readStatus(value: string, event: MailEvent): void {
  event.reason = value;
  if (value.startsWith('Sent')) {
    event.status = 'sent';
    const open = value.indexOf('(');
    if (open > 0) event.reason = value.slice(open + 1, value.endsWith(')') ? -1 : undefined);
  } else if (value.startsWith('queued')) event.status = 'queued';
  else if (value.startsWith('Deferred') || event.dsn?.startsWith('4') === true) event.status = 'deferred';
  else event.status = event.dsn?.startsWith('2') === true ? 'sent' : 'bounced';
}

/** Refusals that blame the moment, not the client. */
const passing = [
  'reylist',
  'ry again later',
  'Please try again',
  'nsufficient disk space',
  'system load',
  'quota',
  'too large',
];

/** `ruleset=check_rcpt, arg1=<…>, relay=host [address], reject=550 5.7.1 …`; `milter=name, action=mail, reject=…`. */
function parseRefusal(fields: Fields, event: MailEvent): boolean {
  event.kind = 'policy';
  let ruleset = '';
  for (const [key, value] of fields) {
    if (key === 'ruleset' || key === 'milter') {
      ruleset = value;
      event.action = value;
    } else if (key === 'arg1') readArgument(ruleset, value, event);
    else if (key === 'from') event.from = plainPath(value);
    else if (key === 'to') event.to = plainPath(value);
    else if (key === 'relay') readRelay(value, event);
    else if (key === 'reject') readRefused(value, event);
    else if (key === 'quarantine') {
      event.kind = 'hold';
      event.reason = value;
    } else if (key === 'discard') {
      event.kind = 'discard';
      event.reason = value;
    }
  }
  return true;
}

function readArgument(ruleset: string, value: string, event: MailEvent): void {
  if (ruleset === 'check_rcpt' || ruleset === 'compat_check') event.to = plainPath(value);
  else if (ruleset === 'check_mail') event.from = plainPath(value);
}

function readRefused(value: string, event: MailEvent): void {
  event.kind = 'reject';
  event.reason = value.slice(readReply(value, 0, event));
  const reason = event.reason;
  if (reason.includes('rate limit') || reason.includes('Too many open connections')) event.kind = 'limit';
  if (event.clientIp !== undefined && !passing.some((words) => reason.includes(words))) event.securityEvent = true;
}

/** `Milter: data, reject=550 …`, `Milter (name): timeout before data read`, `Milter add: header: …`. */
function parseMilter(line: string, start: number, event: MailEvent): boolean {
  if (!line.startsWith('Milter', start) && !line.startsWith('milter', start)) return false;
  event.kind = 'milter';
  event.reason = line.slice(start);
  if (line.startsWith('Milter: ', start)) {
    for (const [key, value] of readList(line, endOfStage(line, start + 8))) {
      if (key === 'from') event.from = plainPath(value);
      else if (key === 'to') event.to = plainPath(value);
      else if (key === 'relay') readRelay(value, event);
      else if (key === 'reject') readRefused(value, event);
      else if (key === 'discard') event.kind = 'discard';
      else if (key === 'quarantine') event.kind = 'hold';
    }
    return true;
  }
  const isBroken = [': timeout', ': error', ': to error', 'killed', 'terminated'].some((words) =>
    line.includes(words, start),
  );
  if (isBroken) {
    event.kind = 'warning';
    event.severity = 'warning';
  }
  return true;
}

/** `data, reject=…`: a stage without a value stands before the list. */
function endOfStage(line: string, start: number): number {
  const comma = line.indexOf(', ', start);
  return endOfKey(line, start) < 0 && comma > 0 ? comma + 2 : start;
}

/** `AUTH=server, relay=…, authid=…, mech=…`, `STARTTLS=server, relay=…, version=…, verify=…, cipher=…, bits=256/256`. */
function parseSession(line: string, start: number, event: MailEvent): boolean {
  const isAuth = line.startsWith('AUTH', start);
  const equals = line.indexOf('=', start);
  const comma = line.indexOf(', ', equals);
  const side = line.slice(equals + 1, comma < 0 ? line.length : comma);
  event.reason = line.slice(start);
  event.kind = isAuth ? 'auth-success' : 'tls';
  const fields = comma < 0 ? [] : readList(line, comma + 2);
  const values = new Map(fields);
  const relay = values.get('relay');
  if (relay !== undefined && side === 'server') readRelay(relay, event);
  else if (relay !== undefined) event.relay = readOutgoing(relay);
  if (isAuth) {
    event.saslUser = values.get('authid');
    event.saslMethod = values.get('mech');
    return true;
  }
  const bits = values.get('bits')?.split('/')[0] ?? '';
  event.tls = {
    protocol: values.get('version'),
    cipher: values.get('cipher'),
    bits: readCount(bits, 0, bits.length),
    trust: values.get('verify'),
  };
  return true;
}

/** What is said of a client by its name and address, with the words behind or before them. */
function parseClient(line: string, start: number, event: MailEvent): boolean {
  if (line.startsWith('AUTH failure (', start)) {
    event.kind = 'auth-failure';
    event.saslMethod = between(line, start, '(', ')');
    event.saslUser = between(line, start, ', user=', ', relay=');
    const relay = line.lastIndexOf(', relay=');
    const user = line.lastIndexOf(', user=');
    const end = user > start ? user : relay;
    const colon = line.indexOf(': ', start);
    event.reason = line.slice(colon + 2, end > colon ? end : line.length);
    if (relay > start) readRelay(line.slice(relay + 8), event);
    event.securityEvent = true;
    return true;
  }
  for (const [words, kind, isAttempt] of clientWords) {
    if (line.indexOf(words, start) < 0) continue;
    if (readNamed(line, start, event) < 0) continue;
    event.kind = kind;
    event.reason = line.slice(start);
    if (isAttempt) event.securityEvent = true;
    return true;
  }
  return false;
}

const clientWords: ReadonlyArray<readonly [string, EventKind, boolean]> = [
  ['possible SMTP attack', 'connection-lost', true],
  ['probable open proxy', 'connection-lost', true],
  [' due to pre-greeting traffic', 'connection-lost', true],
  ['rejecting commands from ', 'connection-lost', true],
  [' did not issue MAIL/EXPN/VRFY/ETRN during connection', 'connection-lost', true],
  ['lost input channel from ', 'connection-lost', true],
  [' [rejected]', 'reject', true],
  ['timeout waiting for input from ', 'connection-lost', false],
  ['collect: unexpected close on connection from ', 'connection-lost', false],
  ['collect: premature EOM', 'connection-lost', false],
  ['unexpected close on connection from ', 'connection-lost', false],
  ['connect from ', 'connect', false],
  ['improper command pipelining', 'connection-lost', true],
  ['Too many recipients', 'limit', true],
  ['bad file descriptor', 'info', false],
  ['Relaying denied', 'reject', true],
];

/** The client as `name [address]`: the name is the word before the bracket. */
function readNamed(line: string, start: number, event: MailEvent): number {
  const after = readBracketedAddress(line, start, event);
  if (after < 0) return -1;
  const open = line.lastIndexOf('[', after - 1);
  if (open > start + 1 && line.charCodeAt(open - 1) === 32) {
    const space = line.lastIndexOf(' ', open - 2);
    const name = line.slice(Math.max(space + 1, start), open - 1);
    if (name.includes('.')) event.clientHost = name;
  }
  return after;
}

/** `<user@example.org>... User unknown`. */
function parseRecipient(line: string, start: number, event: MailEvent): boolean {
  const dots = line.indexOf('... ', start);
  if (dots < 0 || (line.charCodeAt(start) !== 60 && !/^[^ ]+$/.test(line.slice(start, dots)))) return false;
  event.kind = 'reject';
  event.to = plainPath(line.slice(start, dots));
  event.reason = line.slice(dots + 4);
  return true;
}

const forms: readonly Form[] = [
  { words: 'SYSERR', kind: 'error' },
  { words: 'rejecting connections on daemon ', kind: 'limit' },
  { words: 'accepting connections', kind: 'lifecycle' },
  { words: 'starting daemon', kind: 'lifecycle' },
  { words: 'restarting ', kind: 'lifecycle' },
  { words: 'stopping daemon', kind: 'lifecycle' },
  { words: 'started as: ', kind: 'lifecycle' },
  { words: 'alias database ', kind: 'lifecycle' },
  { words: '/etc/mail/aliases: ', kind: 'lifecycle' },
  { words: '/etc/aliases: ', kind: 'lifecycle' },
  { words: 'runqueue: ', kind: 'lifecycle' },
  { words: 'grew WorkList', kind: 'info' },
  { words: 'DSN: ', kind: 'bounce-notice' },
  { words: 'return to sender: ', kind: 'bounce-notice' },
  { words: 'postmaster notify: ', kind: 'bounce-notice' },
  { words: 'sender notify: ', kind: 'bounce-notice' },
  { words: 'clone: ', kind: 'info' },
  { words: 'discarded', kind: 'discard' },
  { words: 'done; ', kind: 'removed' },
  { words: 'gethostbyaddr(', kind: 'warning' },
  { words: 'NOQUEUE: ', kind: 'info' },
  { words: 'STARTTLS: ', kind: 'tls' },
  { words: 'STARTTLS=server, error', kind: 'tls' },
  { words: 'TLS: ', kind: 'tls' },
  { words: 'AUTH: ', kind: 'warning' },
  { words: 'AUTH warning', kind: 'warning' },
  { words: 'Losing ', kind: 'error' },
  { words: 'makeconnection ', kind: 'warning' },
  { words: 'timeout waiting', kind: 'warning' },
  { words: 'rejecting commands', kind: 'connection-lost' },
  { words: 'forward ', kind: 'warning' },
  { words: 'hash map ', kind: 'error' },
  { words: 'rejected', kind: 'reject' },
];

// Mail servers and filters that are recognised: what they refused, whom, and the little they say of a message.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { isDigit, readCount, readReply, skipDigits } from '../scan.ts';
import { addressAt, addressBehind, between, type Form, nonEmpty, readForms } from '../words.ts';

const smtpIn: readonly Form[] = [
  { words: 'smtp-in: New session ', kind: 'connect', isBracketed: true },
  { words: 'smtp-in: Accepted message ', kind: 'queued' },
  { words: 'smtp-in: Closing session ', kind: 'disconnect' },
  { words: 'smtp-in: Received disconnect ', kind: 'disconnect' },
  { words: 'smtp-in: Disconnecting session ', kind: 'connection-lost' },
  { words: 'smtp-in: Failed command ', kind: 'reject' },
  { words: 'smtp-in: Started TLS ', kind: 'tls' },
  { words: 'smtp-in: Client certificate ', kind: 'tls' },
  { words: 'smtp-in: Authentication failed ', kind: 'auth-failure' },
  { words: 'smtp-in: Accepted authentication ', kind: 'auth-success', user: ['for user ', ' '] },
  { words: 'smtp-in: Too many ', kind: 'limit' },
  { words: 'smtp-in: ', kind: 'info' },
  { words: 'smtp-out: Error ', kind: 'warning' },
  { words: 'smtp-out: ', kind: 'info' },
  { words: 'delivery: Ok for ', kind: 'delivery' },
  { words: 'delivery: TempFail for ', kind: 'delivery' },
  { words: 'delivery: PermFail for ', kind: 'delivery' },
  { words: 'relay: ', kind: 'delivery' },
  { words: 'mda: ', kind: 'delivery' },
];
const smtpdNamed: readonly Form[] = [
  { words: 'info: OpenSMTPD', kind: 'lifecycle' },
  { words: 'info: ', kind: 'lifecycle' },
  { words: 'warn: ', kind: 'warning' },
  { words: 'fatal: ', kind: 'fatal' },
  { words: 'debug: ', kind: 'info' },
  { words: 'scheduler: ', kind: 'info' },
  { words: 'startup', kind: 'lifecycle' },
];

/** OpenSMTPD, smtpd(8): `smtp-in: …` before 6.0, `id smtp event=… address=… host=…` until 6.4, `id smtp connected address=…` since. */
export function parseOpenSmtpd(line: string, start: number, event: MailEvent): boolean {
  if (readForms(smtpIn, line, start, event)) {
    event.from = between(line, start, 'from=<', '>');
    event.to = between(line, start, 'to=<', '>');
    event.sessionId = between(line, start, 'ession ', ' ')?.replace(/[:,]$/, '');
    if (event.kind === 'queued') event.queueId = between(line, start, 'message ', ' ');
    if (event.kind === 'delivery') readStatus(line, start, event);
    const reply = line.indexOf('" => ', start);
    if (reply > 0) readReply(line, reply + 5, event);
    return true;
  }
  if (parseOpenSmtpdEvent(line, start, event)) return true;
  return event.software === 'opensmtpd' && readForms(smtpdNamed, line, start, event);
}

const eventKinds: Readonly<Record<string, MailEvent['kind']>> = {
  connected: 'connect',
  disconnected: 'disconnect',
  closed: 'disconnect',
  message: 'queued',
  envelope: 'client',
  'failed-command': 'reject',
  authentication: 'auth-success',
  starttls: 'tls',
  tls: 'tls',
  'cert-check': 'tls',
  'bad-input': 'connection-lost',
  'bad-message': 'reject',
  delivery: 'delivery',
  error: 'warning',
  connecting: 'info',
  'server-cert-check': 'tls',
};
const parts = ['smtp', 'mta', 'mda', 'mtp', 'bounce', 'lmtp'];

/** `38dd06274cde1fd7 smtp event=failed-command address=… host=… command="AUTH LOGIN" result="503 …"`. */
function parseOpenSmtpdEvent(line: string, start: number, event: MailEvent): boolean {
  const idEnd = line.indexOf(' ', start);
  const length = idEnd - start;
  if ((length !== 16 && length !== 8) || !/^[0-9a-f]+$/.test(line.slice(start, idEnd))) return false;
  const partEnd = line.indexOf(' ', idEnd + 1);
  const part = line.slice(idEnd + 1, partEnd);
  if (partEnd < 0 || !parts.includes(part)) return false;
  const isOld = line.startsWith('event=', partEnd + 1);
  const nameAt = isOld ? partEnd + 7 : partEnd + 1;
  const nameEnd = line.indexOf(' ', nameAt);
  const name = line.slice(nameAt, nameEnd < 0 ? line.length : nameEnd);
  event.sessionId = line.slice(start, idEnd);
  event.service = part;
  event.action = name;
  event.kind = eventKinds[name] ?? 'info';
  event.reason = line.slice(nameAt);
  const peer = nonEmpty(between(line, partEnd, ' address=', ' '));
  const peerIp =
    peer === undefined ? undefined : addressAt(peer, peer.startsWith('smtp') ? peer.lastIndexOf('/') + 1 : 0);
  if (part === 'smtp') {
    event.clientIp = peerIp ?? addressBehind(line, partEnd, ' src=');
    event.clientHost = nonEmpty(between(line, partEnd, ' host=', ' '));
  }
  event.from = between(line, partEnd, ' from=<', '>');
  event.to = between(line, partEnd, ' to=<', '>');
  event.user = nonEmpty(between(line, partEnd, ' user=', ' '));
  event.queueId =
    nonEmpty(between(line, partEnd, ' evpid=', ' ')?.slice(0, 8)) ?? nonEmpty(between(line, partEnd, ' msgid=', ' '));
  const result = between(line, partEnd, ' result="', '"') ?? nonEmpty(between(line, partEnd, ' result=', ' '));
  if (event.kind === 'delivery') readStatus(line, partEnd, event);
  if (result !== undefined) readOpenSmtpdResult(line, partEnd, result, event);
  return true;
}

function readOpenSmtpdResult(line: string, start: number, result: string, event: MailEvent): void {
  const textAt = readReply(result, 0, event);
  if (textAt > 0) event.reason = result.slice(textAt);
  const isAuth = /^AUTH/i.test(between(line, start, ' command="', '"') ?? '') || event.action === 'authentication';
  const isFailed = result !== 'ok' && !result.startsWith('2') && result !== 'Ok';
  if (isAuth && isFailed) event.kind = 'auth-failure';
  // A refusal for good answers an attempt; one for now need not.
  const isForGood = event.reply?.code === undefined ? result.includes('fail') : event.reply.code >= 500;
  if (isFailed && event.clientIp !== undefined && event.kind !== 'delivery' && isForGood) event.securityEvent = true;
}

/** `Ok for …`, `result="Ok"`, `stat=Sent`. */
function readStatus(line: string, start: number, event: MailEvent): void {
  const text = line.slice(start);
  if (/TempFail/i.test(text)) event.status = 'deferred';
  else if (/PermFail/i.test(text)) event.status = 'bounced';
  else if (/\bOk\b|result=Ok|stat=Sent/.test(text)) event.status = 'sent';
  event.reason = between(line, start, 'stat="', '"') ?? between(line, start, 'stat=', ',') ?? text;
}

const qmail: readonly Form[] = [
  { words: ' badiprbl: ip ', isInside: true, kind: 'reject', isAttempt: true, address: ' badiprbl: ip ' },
  { words: 'CHKUSER rejected ', isInside: true, kind: 'reject', isAttempt: true },
  { words: 'CHKUSER ', isInside: true, kind: 'policy' },
  { words: 'new msg ', isInside: true, kind: 'info' },
  { words: 'info msg ', isInside: true, kind: 'queued' },
  { words: 'starting delivery ', isInside: true, kind: 'info' },
  { words: ' success: ', isInside: true, kind: 'delivery' },
  { words: ' deferral: ', isInside: true, kind: 'delivery' },
  { words: ' failure: ', isInside: true, kind: 'delivery' },
  { words: 'end msg ', isInside: true, kind: 'removed' },
  { words: 'bounce msg ', isInside: true, kind: 'bounce-notice' },
  { words: 'triple bounce: ', isInside: true, kind: 'bounce-notice' },
  { words: 'status: local ', isInside: true, kind: 'statistics' },
  { words: 'status: ', isInside: true, kind: 'statistics' },
  { words: 'tcpserver: deny', isInside: true, kind: 'reject', isAttempt: true, address: ':' },
  { words: 'tcpserver: ', isInside: true, kind: 'connect', address: ' from ' },
  { words: 'alert: ', isInside: true, kind: 'error' },
  { words: 'warning: ', isInside: true, kind: 'warning' },
  { words: 'exiting', isInside: true, kind: 'lifecycle' },
  { words: 'running', isInside: true, kind: 'lifecycle' },
];
const statusByWord: Readonly<Record<string, string>> = { success: 'sent', deferral: 'deferred', failure: 'bounced' };

/** qmail-send, qmail-smtpd and rblsmtpd; splogger puts `seconds.microseconds ` first. */
export function parseQmail(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  const stampEnd = skipDigits(line, at);
  if (stampEnd > at && line.charCodeAt(stampEnd) === 46) at = line.indexOf(' ', stampEnd) + 1 || at;
  const blocked = parseBlocked(line, at, event);
  if (blocked) return true;
  if (!readForms(qmail, line, at, event)) return false;
  const delivery = /delivery \d+: (success|deferral|failure): /.exec(line.slice(at, at + 64));
  if (event.kind === 'delivery') {
    if (delivery === null) {
      event.kind = 'info';
      return true;
    }
    event.status = statusByWord[delivery[1] ?? ''];
    event.reason = line.slice(at + delivery.index + delivery[0].length);
    return true;
  }
  const message = / msg (\d{1,15})/.exec(line.slice(at, at + 80));
  if (message !== null) event.queueId = message[1];
  if (event.kind === 'queued') {
    event.from = between(line, at, 'from <', '>');
    const size = between(line, at, 'bytes ', ' ') ?? '';
    event.size = readCount(size, 0, size.length);
  } else if (line.includes('CHKUSER', at)) {
    event.from = between(line, at, 'from <', ':');
    event.to = between(line, at, 'rcpt <', '>');
    const remote = between(line, at, 'remote <', '>');
    if (remote !== undefined) event.clientIp = addressAt(remote, remote.lastIndexOf(':') + 1);
  }
  return true;
}

/** `rblsmtpd: address pid N list: 451 …`, `list blocked address name -`. */
function parseBlocked(line: string, start: number, event: MailEvent): boolean {
  const rbl = line.startsWith('rblsmtpd: ', start) ? start + 10 : start;
  const blocked = line.indexOf(' blocked ', start);
  const address = blocked > 0 ? addressAt(line, blocked + 9) : addressAt(line, rbl);
  if (address === undefined || (blocked < 0 && !line.startsWith(' pid ', line.indexOf(' ', rbl)))) return false;
  event.kind = 'reject';
  event.clientIp = address;
  event.reason = line.slice(start);
  event.securityEvent = true;
  return true;
}

const vpopmail: readonly Form[] = [
  { words: 'password fail', isInside: true, kind: 'auth-failure', isAttempt: true },
  { words: 'user not found', isInside: true, kind: 'auth-failure', isAttempt: true },
  { words: 'null password', isInside: true, kind: 'auth-failure', isAttempt: true },
  { words: 'No user found', isInside: true, kind: 'auth-failure', isAttempt: true },
  { words: 'login success', isInside: true, kind: 'login' },
  { words: 'invalid user', isInside: true, kind: 'auth-failure', isAttempt: true },
  { words: 'relay denied', isInside: true, kind: 'reject', isAttempt: true },
];

/** `vchkpw-pop3: password fail user@domain:address`, `vchkpw-smtp: (PLAIN) login success user@domain:address`. */
export function parseVpopmail(line: string, start: number, event: MailEvent): boolean {
  if (!readForms(vpopmail, line, start, event)) return false;
  const account = line.slice(line.lastIndexOf(' ') + 1);
  const colon = account.indexOf(':');
  if (colon < 0) return true;
  event.user = nonEmpty(account.slice(0, colon));
  event.clientIp = addressAt(account, colon + 1);
  return true;
}

/** qmail-scanner: `Clear:RC:0(address):SA:0(0.0/6.0): seconds bytes from to subject <message id> …`. */
export function parseQmailScanner(line: string, start: number, event: MailEvent): boolean {
  const colon = line.indexOf(':', start);
  const relay = line.indexOf(':RC:', start);
  if (colon < 0 || relay !== colon) return false;
  event.kind = 'verdict';
  event.action = line.slice(start, colon);
  event.reason = line.slice(start);
  const open = line.indexOf('(', relay);
  event.clientIp = addressAt(line, open + 1);
  const scores = line.indexOf('): ', relay);
  const [, , from, to] = scores < 0 ? [] : line.slice(scores + 3).split(' ', 5);
  event.from = nonEmpty(from);
  event.to = nonEmpty(to);
  event.messageId = between(line, Math.max(scores, start), '<', '>');
  if (event.action !== 'Clear') event.securityEvent = true;
  return true;
}

const mailScanner: readonly Form[] = [
  { words: ' is spam', isInside: true, kind: 'verdict', action: 'spam' },
  { words: ' is not spam', isInside: true, kind: 'verdict', action: 'not spam' },
  { words: ' is whitelisted', isInside: true, kind: 'verdict', action: 'whitelisted' },
  { words: ' is blacklisted', isInside: true, kind: 'verdict', action: 'blacklisted' },
  { words: ' is too big for spam checks', isInside: true, kind: 'info' },
  { words: 'Infected message ', kind: 'verdict', action: 'infected', isAttempt: true },
  { words: '::INFECTED', isInside: true, kind: 'verdict', action: 'infected', isAttempt: true },
  { words: ' FOUND', isInside: true, kind: 'verdict', action: 'infected', isAttempt: true },
  { words: 'Virus Scanning', kind: 'info' },
  { words: 'Spam Checks', kind: 'info' },
  { words: 'Spam Actions', kind: 'info' },
  { words: 'New Batch', kind: 'info' },
  { words: 'Uninfected', kind: 'info' },
  { words: 'Requeue', kind: 'filter' },
  { words: 'Unscanned', kind: 'filter' },
  { words: 'Delete', kind: 'discard' },
  { words: 'Content Checks', kind: 'info' },
  { words: 'Filename Checks', kind: 'info' },
  { words: 'Filetype Checks', kind: 'info' },
  { words: 'Other Checks', kind: 'info' },
  { words: 'Saved ', kind: 'info' },
  { words: 'Notices', kind: 'bounce-notice' },
  { words: 'Phishing bad sites', kind: 'lifecycle' },
  { words: 'MailScanner', kind: 'lifecycle' },
  { words: 'Using ', kind: 'lifecycle' },
  { words: 'Reading configuration', kind: 'lifecycle' },
  { words: 'Read ', kind: 'lifecycle' },
  { words: 'Config', kind: 'lifecycle' },
  { words: 'Logging ', kind: 'info' },
  { words: 'Batch ', kind: 'statistics' },
  { words: 'Message ', kind: 'info' },
];

/** `Message ID from address (sender) to domain is spam, …`. */
export function parseMailScanner(line: string, start: number, event: MailEvent): boolean {
  if (!readForms(mailScanner, line, start, event)) return false;
  const isNot = line.includes(' is not spam', start);
  if (isNot) event.action = 'not spam';
  if (!line.startsWith('Message ', start)) return true;
  event.queueId = line.slice(start + 8, line.indexOf(' ', start + 8)) || undefined;
  const from = line.indexOf(' from ', start);
  if (from < 0) return true;
  event.clientIp = addressAt(line, from + 6);
  event.from = between(line, from, '(', ')');
  return true;
}

const proxmox: readonly Form[] = [
  { words: 'authentication failure; ', kind: 'auth-failure', isAttempt: true, user: ['user=', ' '], address: 'rhost=' },
  { words: 'successful auth for user ', kind: 'auth-success', user: ["user '", "'"] },
  { words: 'starting ', kind: 'lifecycle' },
  { words: 'worker ', kind: 'lifecycle' },
  { words: 'server ', kind: 'lifecycle' },
  { words: 'received ', kind: 'lifecycle' },
  { words: 'restarting ', kind: 'lifecycle' },
  { words: 'end task ', kind: 'info' },
  { words: 'block mail to ', isInside: true, kind: 'reject' },
  { words: 'accept mail to ', isInside: true, kind: 'filter' },
  { words: 'moved mail for ', isInside: true, kind: 'filter' },
  { words: 'new mail message-id=', isInside: true, kind: 'message-id' },
  { words: 'processing time: ', isInside: true, kind: 'statistics' },
  { words: 'SA score=', isInside: true, kind: 'verdict' },
  { words: 'virus detected: ', isInside: true, kind: 'verdict', isAttempt: true },
];

export function parseProxmox(line: string, start: number, event: MailEvent): boolean {
  if (!readForms(proxmox, line, start, event)) return false;
  if (event.kind === 'message-id') event.messageId = between(line, start, 'message-id=<', '>');
  return true;
}

/** smf-sav and its siblings: `sender check failed: <sender>, address, host, [time]`. */
export function parseSenderCheck(line: string, start: number, event: MailEvent): boolean {
  const colon = line.indexOf(': <', start);
  if (!line.startsWith('sender check ', start) && !line.startsWith('recipient check ', start)) return false;
  event.kind = 'verdict';
  event.action = line.includes(' succeeded', start) ? 'pass' : 'fail';
  event.reason = line.slice(start);
  if (colon < 0) return true;
  event.from = between(line, colon, '<', '>');
  const after = line.indexOf('>, ', colon);
  if (after > 0) event.clientIp = addressAt(line, after + 3);
  if (line.includes('check failed', start) && event.clientIp !== undefined) event.securityEvent = true;
  return true;
}

/** Where the text of an ASSP line may begin with the message's own number: `m1-25391-06124 `. */
function skipAsspNumber(line: string, start: number): number {
  const space = line.indexOf(' ', start);
  return space > start && /^[\w-]+-\d{5}-\d{5}$|^\d+-\d{5}$/.test(line.slice(start, space)) ? space + 1 : start;
}

const asspAttempts = [
  'authentication failed',
  'authentication errors',
  'AUTH errors',
  'SSL negotiation with client failed',
  'relay attempt blocked',
  '[RelayAttempt]',
  'Attempt to relay',
];

/** ASSP: `[Worker_1] [TLS-out] address <sender> to: recipient text`. */
export function parseAssp(line: string, start: number, event: MailEvent): boolean {
  let at = skipAsspNumber(line, start);
  const hasNumber = at > start;
  if (hasNumber) event.queueId = line.slice(start, at - 1);
  let hasMarks = false;
  while (line.charCodeAt(at) === 91) {
    const close = line.indexOf('] ', at);
    if (close < 0 || close - at > 40) break;
    hasMarks = true;
    at = close + 2;
  }
  const isBlocking = line.startsWith('Blocking ', at);
  if (!hasMarks && !hasNumber && !isBlocking && event.software !== 'assp' && !isDigit(line.charCodeAt(at)))
    return false;
  event.clientIp = addressAt(line, isBlocking ? at + 9 : at);
  if (event.clientIp === undefined && event.software !== 'assp') return false;
  event.from = between(line, at, ' <', '>');
  event.to = nonEmpty(between(line, at, ' to: ', ' '));
  event.reason = line.slice(at);
  const text = line.slice(start);
  if (asspAttempts.some((words) => text.includes(words))) {
    event.securityEvent = true;
    event.kind = /auth/i.test(text) ? 'auth-failure' : text.includes('elay') ? 'reject' : 'connection-lost';
    const reply = line.indexOf('[SMTP Error] ', at);
    if (reply > 0) readReply(line, reply + 13, event);
  } else if (/blocked|blocking|rejected|\[spam/i.test(text)) event.kind = 'reject';
  else if (text.includes('[MessageOK]') || text.includes('message ok')) event.kind = 'verdict';
  else if (/connected/i.test(text)) event.kind = text.includes('disconnected') ? 'disconnect' : 'connect';
  else event.kind = 'info';
  return true;
}

// What Exim says of clients that it refused or lost, of authentication, and of itself.
import type { EventKind, MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, readDecimal, readReply } from '../scan.ts';
import { between, readBracketedAddress } from '../words.ts';
import { readClientHost, readFields, withoutAngles } from './fields.ts';

export function parseIncident(line: string, start: number, event: MailEvent): boolean {
  return (
    parseAuthentication(line, start, event) ||
    parseProtocolError(line, start, event) ||
    parseConnection(line, start, event) ||
    parseSaExim(line, start, event) ||
    parseRefusal(line, start, event) ||
    parseOwn(line, start, event)
  );
}

/** `login authenticator failed for host (helo) [address]:port I=[…]:25: 535 Incorrect authentication data (set_id=user)`. */
function parseAuthentication(line: string, start: number, event: MailEvent): boolean {
  const words = line.indexOf('authenticator failed for ', start);
  if (words < 0 || words - start > 80) return false;
  event.kind = 'auth-failure';
  if (words > start + 1) event.saslMethod = line.slice(line.lastIndexOf(' ', words - 2) + 1, words - 1);
  const hostAt = words + 25;
  let at = readClientHost(line, hostAt, event);
  if (at < 0) {
    readBracketedAddress(line, hostAt, event);
    at = hostAt;
  }
  const colon = line.indexOf(': ', at);
  if (colon >= 0) event.reason = line.slice(readReply(line, colon + 2, event));
  event.saslUser = between(line, at, '(set_id=', ')');
  // 435: a table of ours could not be asked.
  if (event.reply?.code !== 435) event.securityEvent = true;
  return true;
}

/** Lines that begin so and name the client as `H=…`. */
const protocolErrors = [
  'SMTP protocol error in ',
  'SMTP protocol synchronization error ',
  'SMTP syntax error in ',
  'unqualified ',
];

function parseProtocolError(line: string, start: number, event: MailEvent): boolean {
  if (!protocolErrors.some((words) => line.startsWith(words, start))) return false;
  // What the client sent stands in quotes before its address, and may imitate one.
  let host = line.lastIndexOf(' H=');
  const input = line.lastIndexOf(' input="');
  const nextInput = line.lastIndexOf(' next input="');
  const inputAt = nextInput > 0 ? Math.min(nextInput, input) : input;
  if (inputAt > start && host > inputAt) host = line.lastIndexOf(' H=', inputAt);
  const isAuth = /^SMTP protocol error in "auth/i.test(line.slice(start, start + 32));
  event.kind = isAuth ? 'auth-failure' : 'connection-lost';
  event.action = line.startsWith('SMTP protocol synchronization', start) ? 'synchronization error' : 'protocol error';
  event.reason = line.slice(start);
  if (host < start) return true;
  if (readClientHost(line, host + 3, event) < 0) readBracketedAddress(line, host, event);
  event.securityEvent = true;
  return true;
}

/** How sessions begin and end, by the words before the client. */
const connections: ReadonlyArray<readonly [string, EventKind]> = [
  ['SMTP connection from ', 'connect'],
  ['SMTP call from ', 'connection-lost'],
  ['no MAIL in SMTP connection from ', 'connection-lost'],
  ['no MAIL in SMTPS connection from ', 'connection-lost'],
  ['SMTP command timeout on connection from ', 'connection-lost'],
  ['SMTP command timeout on TLS connection from ', 'connection-lost'],
  ['SMTP data timeout (message abandoned) on connection from ', 'connection-lost'],
  ['SMTP data timeout (message abandoned) on TLS connection from ', 'connection-lost'],
  ['unexpected disconnection while reading SMTP command from ', 'connection-lost'],
  ['unexpected end of file while reading SMTP command from ', 'connection-lost'],
  ['SMTP connection lost after final dot ', 'connection-lost'],
  ['TLS error on connection from ', 'tls'],
  ['TLS error on connection to ', 'tls'],
  ['TLS error ', 'tls'],
  ['Connection from ', 'limit'],
  ['refused connection from ', 'reject'],
  ['temporarily refused connection from ', 'limit'],
  ['rejected EHLO from ', 'reject'],
  ['rejected HELO from ', 'reject'],
  ['rejected MAIL from ', 'reject'],
  ['SMTP command string too long ', 'connection-lost'],
];

function parseConnection(line: string, start: number, event: MailEvent): boolean {
  const known = connections.find(([words]) => line.startsWith(words, start));
  if (known === undefined) return false;
  const [words, kind] = known;
  let at = start + words.length;
  if (line.startsWith('H=', at)) at += 2;
  const after = readClientHost(line, at, event);
  if (after < 0 && readBracketedAddress(line, at, event) < 0 && kind === 'limit') return false;
  const rest = after < 0 ? at : after;
  event.kind = kind;
  event.reason = line.slice(start);
  event.from = nonNull(between(line, rest, ' F=<', '>'));
  if (kind === 'connect') {
    if (line.includes(' closed by DROP in ACL', rest)) {
      event.kind = 'reject';
      event.securityEvent = true;
    } else if (line.includes(' lost', rest)) event.kind = 'connection-lost';
    else if (line.includes(' closed by ', rest)) event.kind = 'disconnect';
    return true;
  }
  // A client that talks nonsense or says nothing of a message probes; one that is cut off need not.
  if (words.startsWith('no MAIL') || words.startsWith('SMTP call') || words.startsWith('SMTP command string'))
    event.securityEvent = true;
  const isTooOften = event.kind === 'limit' && line.includes('from that IP address', rest);
  if ((event.kind === 'reject' || isTooOften) && event.clientIp !== undefined) event.securityEvent = true;
  if (event.kind === 'connection-lost' && words.startsWith('SMTP call')) event.action = 'dropped';
  return true;
}

function nonNull(text: string | undefined): string | undefined {
  return text === undefined ? undefined : withoutAngles(text);
}

/** SA-Exim: `SA: Action: silently tossed message: score=31.0 required=5.0 … From <a> (host=name [address]) for b`. */
function parseSaExim(line: string, start: number, event: MailEvent): boolean {
  if (!line.startsWith('SA: ', start)) return false;
  event.kind = 'verdict';
  event.reason = line.slice(start + 4);
  event.action = between(line, start, 'Action: ', ': ');
  event.messageId = between(line, start, '| Message-Id: ', ')');
  event.from = between(line, start, ' From <', '>');
  const host = line.lastIndexOf('(host=');
  if (host > start) {
    readBracketedAddress(line, host, event);
    const name = between(line, host, '(host=', ' ');
    if (name !== 'NULL') event.clientHost = name;
    event.to = between(line, host, ') for ', ' ');
  }
  const score = decimalBehind(line, start, 'score=');
  const required = decimalBehind(line, start, 'required=');
  if (score !== undefined && required !== undefined) {
    event.counters = { score, required };
    if (score >= required) event.securityEvent = true;
  }
  return true;
}

function decimalBehind(line: string, start: number, words: string): number | undefined {
  const text = between(line, start, words, ' ');
  const isNegative = text?.startsWith('-') === true;
  const value = text === undefined ? undefined : readDecimal(text, isNegative ? 1 : 0, text.length);
  return value === undefined || !isNegative ? value : -value;
}

/** How a refusal goes on behind the client's fields. */
const refusals: ReadonlyArray<readonly [string, EventKind]> = [
  ['rejected ', 'reject'],
  ['temporarily rejected ', 'reject'],
  ['sender verify fail for ', 'reject'],
  ['sender verify defer for ', 'warning'],
  ['dropped by ', 'reject'],
  ['discarded by ', 'discard'],
  ['incomplete transaction ', 'connection-lost'],
  ['Warning: ', 'policy'],
  ['accepted ', 'policy'],
  ['relay not permitted', 'reject'],
];

/** `H=… F=<…> rejected RCPT <…>: reason`, and the rest of what is said behind the fields of a client. */
function parseRefusal(line: string, start: number, event: MailEvent): boolean {
  const at = readFields(line, start, event, false);
  const known = refusals.find(([words]) => line.startsWith(words, at));
  if (known === undefined) {
    if (at === start || event.clientIp === undefined) return false;
    event.kind = 'info';
    event.reason = line.slice(at);
    return true;
  }
  const [words, kind] = known;
  // Without a client these are words that any program might say.
  if (event.clientIp === undefined && event.queueId === undefined && kind !== 'reject') return false;
  if (
    event.clientIp === undefined &&
    at === start &&
    !line.startsWith('rejected by ', at) &&
    event.queueId === undefined
  )
    return false;
  event.kind = kind;
  event.action = words.trim();
  const rcpt = line.indexOf('RCPT ', at);
  const colon = line.indexOf(': ', at);
  if (rcpt >= 0 && (colon < 0 || rcpt < colon)) event.to = addressAfter(line, rcpt + 5);
  else if (words.startsWith('sender verify')) event.from ??= addressAfter(line, at + words.length);
  else if (words === 'rejected ' && line.startsWith('from <', at + 9)) event.from ??= addressAfter(line, at + 14);
  const textAt = colon < 0 ? at : colon + 2;
  event.reason = line.slice(readReply(line, textAt, event));
  if (event.kind === 'reject' && words !== 'temporarily rejected ' && event.clientIp !== undefined)
    event.securityEvent = true;
  return true;
}

/** `<address>` or `address:` at `start`. */
function addressAfter(line: string, start: number): string | undefined {
  if (line.charCodeAt(start) === 60) {
    const close = closingAngle(line, start);
    return close < 0 ? undefined : line.slice(start + 1, close);
  }
  const space = line.indexOf(' ', start);
  const text = line.slice(start, space < 0 ? line.length : space);
  return text.endsWith(':') ? text.slice(0, -1) : text;
}

const own: ReadonlyArray<readonly [string, EventKind]> = [
  ['no host name found for IP address ', 'warning'],
  ['no IP address found for host ', 'warning'],
  ['host name alias list truncated for ', 'warning'],
  ['Start queue run', 'lifecycle'],
  ['End queue run', 'lifecycle'],
  ["Start '", 'lifecycle'],
  ["End '", 'lifecycle'],
  ['Abandon queue run', 'warning'],
  ['queue run: ', 'warning'],
  ['SIGHUP received: re-exec daemon', 'lifecycle'],
  ['Warning: purging the environment', 'warning'],
  ['Suggested action: use keep_environment', 'warning'],
  ['socket bind() to port ', 'error'],
  ['listen() failed ', 'error'],
  ['Failed writing transport results', 'error'],
  ['failed to open DB file ', 'error'],
  ['failed to expand ', 'error'],
  ['string too large in ', 'error'],
  ['Cannot open main log file', 'error'],
  ['unable to open private key file', 'error'],
  ['Frozen (', 'hold'],
  ['Frozen', 'hold'],
  ['frozen by ', 'hold'],
  ['frozen on arrival by ', 'hold'],
  ['Message frozen', 'hold'],
  ['Message is frozen', 'hold'],
  ['Unfrozen by ', 'info'],
  ['unfrozen by ', 'info'],
  ['cancelled by ', 'expired'],
  ['removed by ', 'removed'],
  ['Message removed', 'removed'],
  ['Spool file is locked', 'info'],
  ['retry timeout exceeded', 'expired'],
  ['DKIM: ', 'info'],
  ['DMARC results: ', 'info'],
  ['SPF: ', 'info'],
  ['SMTP error from remote mail server ', 'warning'],
  ['Remote host ', 'warning'],
  ['Connection timed out', 'warning'],
  ['malware acl condition: ', 'error'],
  ['spam acl condition: ', 'error'],
  ['original recipients ignored', 'info'],
  ['Sender identification ', 'info'],
  ['daemon: ', 'info'],
];
const onlyWithId = new Set([
  'Frozen',
  'DKIM: ',
  'SPF: ',
  'Remote host ',
  'Connection timed out',
  'daemon: ',
  'removed by ',
]);

function parseOwn(line: string, start: number, event: MailEvent): boolean {
  if (line.startsWith('exim ', start) && line.includes(' daemon started: ', start)) {
    event.kind = 'lifecycle';
    event.reason = line.slice(start);
    return true;
  }
  for (const [words, kind] of own) {
    if (!line.startsWith(words, start)) continue;
    if (onlyWithId.has(words) && event.queueId === undefined && event.software !== 'exim') continue;
    event.kind = kind;
    event.reason = line.slice(start);
    if (kind === 'warning' || kind === 'error') event.severity = kind;
    return true;
  }
  return false;
}

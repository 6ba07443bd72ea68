// `warning: …`, `error: …`, `fatal: …`, `panic: …`: Postfix says what is wrong with itself, its peers or its tables.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { isDigit, readClient } from '../scan.ts';
import { endOfQueueId } from './queue-id.ts';
import { parseAction } from './restriction.ts';

const levels = ['warning', 'error', 'fatal', 'panic'] as const;

export function parseSevere(line: string, start: number, event: MailEvent): boolean {
  for (const level of levels) {
    if (!line.startsWith(level, start) || line.charCodeAt(start + level.length) !== 58) continue;
    let at = start + level.length + 1;
    while (line.charCodeAt(at) === 32) at++;
    // A header check with the action WARN has the same first word.
    if (level === 'warning' && isHeaderCheck(line, at) && parseAction(line, start, event)) return true;
    event.kind = level;
    event.severity = level;
    readProblem(line, at, event);
    return true;
  }
  return false;
}

function isHeaderCheck(line: string, at: number): boolean {
  return line.startsWith('header ', at) || line.startsWith('body ', at);
}

function readProblem(line: string, start: number, event: MailEvent): void {
  let at = start;
  const idEnd = endOfQueueId(line, at);
  if (idEnd > at && line.charCodeAt(idEnd) === 58) {
    event.queueId = line.slice(at, idEnd);
    at = idEnd + 2;
  } else if (event.queueId === undefined) event.queueId = queueIdInText(line, at);
  if (readSaslFailure(line, at, event)) return;
  event.reason = line.slice(at);
  if (line.startsWith('non-SMTP command from ', at)) {
    event.kind = 'connection-lost';
    event.action = 'non-SMTP command';
    readClient(line, at + 22, event);
    event.securityEvent = true;
    return;
  }
  if (line.startsWith('TLS library problem', at)) event.kind = 'tls';
  else if (line.startsWith('hostname ', at)) readMismatch(line, at, event);
  else if (line.startsWith('milter ', at) || line.startsWith('connect to Milter service ', at)) event.kind = 'milter';
  else if (line.startsWith('Illegal address syntax from ', at)) readClient(line, at + 28, event);
  else if (line.includes('rocess limit', at)) event.kind = 'limit';
  else {
    const exceeded = line.indexOf(' limit exceeded: ', at);
    if (exceeded > 0) {
      event.kind = 'limit';
      const from = line.indexOf(' from ', exceeded);
      if (from > 0) {
        readClient(line, from + 6, event);
        event.securityEvent = true;
      }
      return;
    }
    readLeadingClient(line, at, event);
  }
}

/** `host[address]: words` as the head of a warning. */
function readLeadingClient(line: string, at: number, event: MailEvent): void {
  const open = line.indexOf('[', at);
  const space = line.indexOf(' ', at);
  if (open < 0 || space < open) return;
  const close = line.indexOf(']', open);
  if (close < 0 || !isAddressLike(line, open + 1, close)) return;
  const after = readClient(line, at, event);
  if (after > 0 && line.startsWith(': ', after)) event.reason = line.slice(after + 2);
}

function isAddressLike(line: string, start: number, end: number): boolean {
  if (end - start < 2) return false;
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at);
    if (!isDigit(code) && code !== 46 && code !== 58 && !(code >= 97 && code <= 102) && !(code >= 65 && code <= 70))
      return false;
  }
  return true;
}

/** The authentication service failed, not the client. */
const brokenService = [
  'Connection lost to authentication server',
  'Invalid authentication mechanism',
  'emporary',
  'internal error',
];

/** `host[address]: SASL LOGIN authentication failed: reason, sasl_username=…`. */
function readSaslFailure(line: string, at: number, event: MailEvent): boolean {
  const sasl = line.indexOf(': SASL ', at);
  if (sasl < 0 || sasl - at > 512) return false;
  const methodAt = sasl + 7;
  const methodEnd = line.indexOf(' authentication ', methodAt);
  if (methodEnd < 0 || methodEnd - methodAt > 64) return false;
  const after = readClient(line, at, event);
  if (after !== sasl) return false;
  event.kind = 'auth-failure';
  event.saslMethod = line.slice(methodAt, methodEnd);
  const user = line.lastIndexOf(', sasl_username=');
  const reasonEnd = user > methodEnd ? user : line.length;
  if (user > methodEnd) {
    const name = line.slice(user + 16);
    if (name !== '(unavailable)') event.saslUser = name;
  }
  event.reason = line.slice(sasl + 2, reasonEnd);
  const text = event.reason;
  if (!brokenService.some((words) => text.includes(words))) event.securityEvent = true;
  return true;
}

/** `hostname X does not resolve to address Y: reason`: the client's name is not its own. */
function readMismatch(line: string, at: number, event: MailEvent): void {
  const does = line.indexOf(' does not resolve to address ', at);
  if (does < 0) return;
  const addressAt = does + 29;
  const space = line.indexOf(': ', addressAt);
  event.clientIp = line.slice(addressAt, space < 0 ? line.length : space);
  event.securityEvent = true;
}

/** Words after which Postfix names a queue file: `append file defer QID`, `active/QID`, `queue active id QID`. */
const fileWords = new Set([
  'active',
  'bounce',
  'corrupt',
  'defer',
  'deferred',
  'hold',
  'id',
  'incoming',
  'maildrop',
  'trace',
]);

function queueIdInText(line: string, start: number): string | undefined {
  for (let at = start; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code !== 32 && code !== 47) continue;
    let wordAt = at;
    while (wordAt > start && isLower(line.charCodeAt(wordAt - 1))) wordAt--;
    if (wordAt === at || at - wordAt > 8 || !fileWords.has(line.slice(wordAt, at))) continue;
    const end = endOfQueueId(line, at + 1);
    if (end > at + 1 && isWordEnd(line.charCodeAt(end))) return line.slice(at + 1, end);
  }
  return undefined;
}

/** The end of the line, a space, a colon or a comma. */
function isWordEnd(code: number): boolean {
  return Number.isNaN(code) || code === 32 || code === 58 || code === 44;
}

function isLower(code: number): boolean {
  return code >= 97 && code <= 122;
}

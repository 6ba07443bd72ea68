// A delivery attempt for one recipient, as every delivery agent logs it (log_adhoc):
// to=<…>, orig_to=<…>, relay=…, conn_use=…, delay=…, delays=a/b/c/d, tls=…, dsn=x.y.z, status=word (text)
import type { MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, indexOfCode, readDecimal, readPeer, readReply } from '../scan.ts';

const code = { space: 32, bracket: 40, closing: 41, comma: 44, slash: 47, less: 60 } as const;

/** `at` is where `to=` stands. */
export function parseDelivery(line: string, start: number, event: MailEvent): boolean {
  const end = line.length;
  event.kind = 'delivery';
  let at = readAddressValue(line, start + 3, end);
  event.to = addressValue(line, start + 3, at);
  for (;;) {
    let first = line.charCodeAt(at);
    while (first === code.comma || first === code.space) first = line.charCodeAt(++at);
    if (first === 100) {
      if (line.charCodeAt(at + 1) === 115) {
        const valueEnd = valueEndOf(line, at + 4, end);
        event.dsn = line.slice(at + 4, valueEnd);
        at = valueEnd;
      } else if (line.charCodeAt(at + 5) === 115) {
        at = readDelays(line, at + 7, end, event);
      } else {
        const valueEnd = valueEndOf(line, at + 6, end);
        event.delay = readDecimal(line, at + 6, valueEnd);
        at = valueEnd;
      }
    } else if (first === 114) {
      at = readRelay(line, at + 6, end, event);
    } else if (first === 115 && line.startsWith('status=', at)) {
      readStatus(line, at + 7, event);
      return true;
    } else if (first === 111 && line.startsWith('orig_to=', at)) {
      const valueAt = at + 8;
      at = readAddressValue(line, valueAt, end);
      event.origTo = addressValue(line, valueAt, at);
    } else if (at >= end) {
      return true;
    } else {
      at = valueEndOf(line, at, end);
    }
  }
}

/** A peer or delays on their own, as a person cuts them out of a line: `host[192.0.2.1]:25`, `0.2/0.02/0.04/3.3`. */
export function parseValue(line: string, start: number, event: MailEvent): boolean {
  const end = line.length;
  if (line.indexOf(' ', start) >= 0) return false;
  if (readDelays(line, start, end, event) < end || event.delays === undefined) {
    const close = line.lastIndexOf(']');
    const bracket = line.indexOf('[', start);
    if (bracket <= start || close < bracket || readPeer(line, start, end, event) !== end) return false;
  }
  event.kind = 'info';
  return true;
}

function valueEndOf(line: string, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const c = line.charCodeAt(at);
    if (c === code.comma || c === code.space) break;
  }
  return at;
}

/** Position after `<address>` or after a bare address. */
function readAddressValue(line: string, start: number, end: number): number {
  if (line.charCodeAt(start) !== code.less) return valueEndOf(line, start, end);
  const close = closingAngle(line, start);
  return close < 0 ? end : close + 1;
}

function addressValue(line: string, start: number, end: number): string {
  if (line.charCodeAt(start) !== code.less) return line.slice(start, end);
  return line.slice(start + 1, line.charCodeAt(end - 1) === 62 ? end - 1 : end);
}

function readRelay(line: string, start: number, end: number, event: MailEvent): number {
  const valueEnd = indexOfCode(line, code.comma, start, end);
  const after = readPeer(line, start, valueEnd, event);
  if (after < 0)
    event.relay = { host: line.slice(start, valueEnd), ip: undefined, port: undefined, service: undefined };
  return valueEnd;
}

function readDelays(line: string, start: number, end: number, event: MailEvent): number {
  const a = indexOfCode(line, code.slash, start, end);
  const b = indexOfCode(line, code.slash, a + 1, end);
  const c = indexOfCode(line, code.slash, b + 1, end);
  const valueEnd = valueEndOf(line, start, end);
  if (c >= valueEnd) return valueEnd;
  const beforeQmgr = readDecimal(line, start, a);
  const qmgr = readDecimal(line, a + 1, b);
  const connection = readDecimal(line, b + 1, c);
  const transmission = readDecimal(line, c + 1, valueEnd);
  if (beforeQmgr !== undefined && qmgr !== undefined && connection !== undefined && transmission !== undefined)
    event.delays = { beforeQmgr, qmgr, connection, transmission };
  return valueEnd;
}

/** `sent (250 2.0.0 Ok: queued as …)`; older releases and cut lines lack the brackets. */
export function readStatus(line: string, start: number, event: MailEvent): void {
  const end = line.length;
  const wordEnd = valueEndOf(line, start, end);
  event.status = line.slice(start, wordEnd);
  let reasonAt = wordEnd;
  while (line.charCodeAt(reasonAt) === code.space || line.charCodeAt(reasonAt) === code.comma) reasonAt++;
  if (reasonAt >= end) return;
  let reasonEnd = end;
  if (line.charCodeAt(reasonAt) === code.bracket) {
    reasonAt++;
    while (line.charCodeAt(reasonEnd - 1) === code.space) reasonEnd--;
    if (line.charCodeAt(reasonEnd - 1) === code.closing) reasonEnd--;
  }
  event.reason = line.slice(reasonAt, reasonEnd);
  readReason(line, reasonAt, reasonEnd, event);
}

/** The remote reply in a reason, and the id that the message goes on under. */
function readReason(line: string, start: number, end: number, event: MailEvent): void {
  const first = line.charCodeAt(start);
  if (first >= 50 && first <= 53) {
    const textAt = readReply(line, start, event);
    const next = line.charCodeAt(textAt);
    if (next === code.less) readLmtpSession(line, textAt, end, event);
    else if (line.startsWith('Ok: queued as ', textAt)) event.nextQueueId = wordAt(line, textAt + 14, end);
    else if (first === 50) event.nextQueueId = queuedAs(line, textAt, end);
  } else if (first === 104 && line.startsWith('host ', start)) {
    const said = line.indexOf(' said: ', start);
    if (said > 0) readReply(line, said + 7, event);
    else {
      const refused = line.indexOf(' refused to talk to me: ', start);
      if (refused > 0) readReply(line, refused + 24, event);
    }
  } else if (first === 102 && line.startsWith('forwarded as ', start)) {
    event.nextQueueId = wordAt(line, start + 13, end);
  }
}

/** Filters wrap the reply of where they re-injected: `250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as …`. */
export function queuedAs(line: string, start: number, end: number): string | undefined {
  const at = line.indexOf('queued as ', start);
  return at < 0 || at >= end ? undefined : wordAt(line, at + 10, end);
}

function wordAt(line: string, start: number, end: number): string | undefined {
  let at = start;
  for (; at < end; at++) {
    const c = line.charCodeAt(at);
    const isWord =
      (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 45 || c === 46 || c === 95;
    if (!isWord) break;
  }
  return at > start ? line.slice(start, at) : undefined;
}

/** Dovecot's LMTP reply: `<user@domain> session Saved`. */
function readLmtpSession(line: string, start: number, end: number, event: MailEvent): void {
  const close = line.indexOf('> ', start);
  if (close < 0) return;
  const sessionEnd = line.indexOf(' Saved', close + 2);
  if (sessionEnd > close + 2 && sessionEnd < end) event.sessionId = line.slice(close + 2, sessionEnd);
}

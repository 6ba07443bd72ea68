// Exim's main and reject log, over syslog or in its own files (chapter 53 of its specification).
import type { MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, isDigit, readCount, skipDigits } from '../scan.ts';
import { endOfMessageId, readFields, withoutAngles } from './fields.ts';
import { parseIncident } from './incident.ts';

/** `start` is where the message begins. False, and the event untouched, when these are not Exim's words. */
export function parseExim(line: string, start: number, event: MailEvent): boolean {
  let at = skipPid(line, skipStamp(line, start), event);
  at = skipPid(line, at, event);
  const idEnd = endOfMessageId(line, at);
  const hasId = idEnd > at && (line.charCodeAt(idEnd) === 32 || idEnd === line.length);
  if (hasId) {
    event.queueId = line.slice(at, idEnd);
    at = skipPid(line, idEnd + 1, event);
    if (parseFlagged(line, at, event)) return true;
  }
  if (parseIncident(line, at, event)) return true;
  if (!hasId) return false;
  event.kind = 'info';
  event.reason = line.slice(at);
  return true;
}

/** Exim puts its own time into syslog lines unless told not to (syslog_timestamp). */
function skipStamp(line: string, start: number): number {
  if (line.charCodeAt(start + 4) !== 45 || line.charCodeAt(start + 13) !== 58 || !isDigit(line.charCodeAt(start)))
    return start;
  let at = line.indexOf(' ', start + 18) + 1;
  if (at === 0) return start;
  // A zone, with log_timezone.
  const sign = line.charCodeAt(at);
  if ((sign === 43 || sign === 45) && skipDigits(line, at + 1) === at + 5) at += 6;
  return at;
}

/** `[12345] `, with log_selector +pid. */
function skipPid(line: string, start: number, event: MailEvent): number {
  if (line.charCodeAt(start) !== 91) return start;
  const end = skipDigits(line, start + 1);
  if (end === start + 1 || line.charCodeAt(end) !== 93 || line.charCodeAt(end + 1) !== 32) return start;
  event.pid = readCount(line, start + 1, end);
  return end + 2;
}

const statusByFlag: Readonly<Record<string, string>> = {
  '=>': 'sent',
  '->': 'sent',
  '>>': 'sent',
  '*>': 'discarded',
  '**': 'bounced',
  '==': 'deferred',
};

/** What begins with a flag of two characters: arrival, delivery, failure, deferral; and the end of a message. */
function parseFlagged(line: string, at: number, event: MailEvent): boolean {
  if (line.startsWith('Completed', at)) {
    event.kind = 'removed';
    event.reason = 'Completed';
    readFields(line, at + 10, event, false);
    return true;
  }
  if (line.charCodeAt(at + 2) !== 32) return false;
  const flag = line.slice(at, at + 2);
  if (flag === '<=') return parseArrival(line, at + 3, event);
  const status = statusByFlag[flag];
  if (status === undefined) return false;
  event.kind = 'delivery';
  event.status = status;
  event.action = flag;
  let next = readRecipient(line, at + 3, event);
  next = readFields(line, next, event, true);
  if (status === 'deferred' || status === 'bounced') readFailure(line, next, event);
  event.relay ??= { host: 'none', ip: undefined, port: undefined, service: undefined };
  return true;
}

/** `<= sender H=… P=… S=… id=… T="subject" from <sender> for recipient recipient`. */
function parseArrival(line: string, start: number, event: MailEvent): boolean {
  event.kind = 'queued';
  const end = endOfAddress(line, start);
  event.from = withoutAngles(line.slice(start, end));
  let at = readFields(line, end, event, false);
  if (line.startsWith('from <', at)) {
    const close = closingAngle(line, at + 5);
    at = close < 0 ? line.length : close + 2;
  }
  if (!line.startsWith('for ', at)) return true;
  const recipients = line
    .slice(at + 4)
    .trim()
    .split(' ');
  event.to = recipients[0];
  event.nrcpt = recipients.length;
  return true;
}

/** `recipient`, `recipient <original>`, `/a/file <recipient>`, `|a command <recipient>`, `:blackhole: <recipient>`. */
function readRecipient(line: string, start: number, event: MailEvent): number {
  const router = line.indexOf(' R=', start);
  const limit = router < 0 ? line.length : router;
  const open = line.indexOf(' <', start);
  if (open >= 0 && open < limit) {
    const close = closingAngle(line, open + 1);
    const end = close < 0 ? limit : close + 1;
    const final = line.slice(start, open);
    const original = line.slice(open + 2, close < 0 ? limit : close);
    if (final.includes('@')) {
      event.to = final;
      if (original !== final) event.origTo = original;
    } else {
      event.to = original;
      if (final === ':blackhole:') event.status = 'discarded';
      else if (final.startsWith('/')) event.mailbox = final;
      else if (!final.startsWith('|')) event.user = final;
    }
    return end;
  }
  const end = Math.min(endOfAddress(line, start), limit);
  // `** unknown@example.org: Unrouteable address` has no router.
  const colon = line.charCodeAt(end - 1) === 58 ? end - 1 : end;
  event.to = line.slice(start, colon);
  return colon;
}

/** The first space outside of a quoted local part. */
function endOfAddress(line: string, start: number): number {
  let at = start;
  if (line.charCodeAt(at) === 34) {
    const quote = line.indexOf('"@', at + 1);
    if (quote > 0) at = quote;
  }
  const space = line.indexOf(' ', at);
  return space < 0 ? line.length : space;
}

/** ` defer (-53): retry time not reached for any host`, `: SMTP error from remote mail server after RCPT TO:<…>: 550 5.1.1 …`. */
function readFailure(line: string, start: number, event: MailEvent): void {
  let at = start;
  if (line.startsWith('defer (', at)) {
    const close = line.indexOf(')', at);
    at = close < 0 ? line.length : readFields(line, close + 1, event, true);
  }
  while (line.charCodeAt(at) === 58 || line.charCodeAt(at) === 32) at++;
  const reason = line.slice(at);
  event.reason = reason;
  const reply = /(?:^|: )([245]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})(?: |$))?/.exec(reason.slice(0, 512));
  if (reply === null) return;
  event.reply = { code: Number(reply[1]), enhanced: reply[2] };
  event.dsn = reply[2];
}

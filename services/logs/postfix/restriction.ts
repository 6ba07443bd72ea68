// What access rules, content checks and milters do with a message, in smtpd(8), postscreen(8) and cleanup(8):
//   ACTION: STAGE from CLIENT: REPLY; from=<…> to=<…> proto=… helo=<…>
//   ACTION: header TEXT from CLIENT; from=<…> to=<…> proto=… helo=<…>: WORDS OF THE RULE
import type { EventKind, MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, endOfEnhancedCode, readClient, readReply } from '../scan.ts';
import { queuedAs } from './delivery.ts';
import { traceIdOf } from './trace-parent.ts';

const kindByAction: Readonly<Record<string, EventKind>> = {
  reject: 'reject',
  'milter-reject': 'reject',
  'proxy-reject': 'reject',
  reject_warning: 'policy',
  'milter-hold': 'hold',
  hold: 'hold',
  'milter-discard': 'discard',
  discard: 'discard',
  redirect: 'redirect',
  filter: 'filter',
  'proxy-accept': 'filter',
  bcc: 'policy',
  prepend: 'policy',
  replace: 'policy',
  strip: 'policy',
  ignore: 'policy',
  delay: 'policy',
  warn: 'policy',
  warning: 'policy',
  info: 'policy',
  permit: 'policy',
  pass: 'policy',
};
const actionCharsMax = 40;

/** Is the message refused for what the client tried, rather than for what is wrong or busy on our side? */
const oursNotTheirs = [
  'reylist',
  'Insufficient system storage',
  'Server configuration',
  'Service currently unavailable',
  'Temporary lookup failure',
  'size exceeds',
  'ry again later',
  'verification in progress',
  'quota',
  'Quota',
  'mailbox full',
  'Mailbox full',
  'local data error',
  'too many connections',
  'server ports busy',
  'too large',
];

/** Reads `action: …`. False when the line is of another form. */
export function parseAction(line: string, start: number, event: MailEvent): boolean {
  const colon = line.indexOf(': ', start);
  if (colon < 0 || colon - start > actionCharsMax) return false;
  const action = line.slice(start, colon);
  let kind = kindByAction[action];
  if (kind === undefined && action.startsWith('milter-header-')) kind = kindByAction[action.slice(14)] ?? 'milter';
  if (kind === undefined && action.startsWith('milter-body-')) kind = kindByAction[action.slice(12)] ?? 'milter';
  if (kind === undefined) return false;
  let at = colon + 2;
  while (line.charCodeAt(at) === 32) at++;
  event.action = action;
  event.kind = kind;
  if (isContentCheck(line, at)) parseContentCheck(line, at, event);
  else parseStage(line, at, event);
  return true;
}

function isContentCheck(line: string, at: number): boolean {
  return (
    line.startsWith('header ', at) ||
    line.startsWith('body ', at) ||
    line.startsWith('content ', at) ||
    line.startsWith('mime-error ', at) ||
    line.startsWith('nested-header ', at)
  );
}

/** A header or body check (header_checks(5)); `from local` when there is no client. */
function parseContentCheck(line: string, at: number, event: MailEvent): void {
  const envelope = envelopeStart(line, at);
  const textEnd = envelope < 0 ? line.length : envelope;
  event.reason = line.slice(at, textEnd).trimEnd();
  const from = line.lastIndexOf(' from ', textEnd);
  if (from > at && line.charCodeAt(textEnd - 1) === 93) readClient(line, from + 6, event);
  if (envelope >= 0) readEnvelope(line, envelope, event);
  const isHeader = line.startsWith('header ', at);
  if (event.kind === 'policy') event.kind = 'header';
  if (isHeader) event.traceId = traceIdOf(line, at + 7);
  if (event.kind === 'reject') event.securityEvent = undefined;
}

function parseStage(line: string, at: number, event: MailEvent): void {
  const envelope = envelopeStart(line, at);
  const textEnd = envelope < 0 ? line.length : envelope;
  const from = line.indexOf(' from ', at);
  let textAt = at;
  if (from >= 0 && from < textEnd) {
    const after = readClient(line, from + 6, event);
    if (after > 0 && line.charCodeAt(after) === 58) textAt = after + 1;
    else if (after > 0) textAt = after;
  } else {
    const colon = line.indexOf(': ', at);
    if (colon >= 0 && colon < textEnd) textAt = colon + 1;
  }
  while (line.charCodeAt(textAt) === 32) textAt++;
  let reasonAt = readReply(line, textAt, event);
  if (reasonAt === textAt) {
    const enhancedEnd = endOfEnhancedCode(line, textAt);
    if (enhancedEnd > textAt) {
      event.reply = { code: undefined, enhanced: line.slice(textAt, enhancedEnd) };
      reasonAt = enhancedEnd + 1;
    }
  }
  while (line.charCodeAt(reasonAt) === 32) reasonAt++;
  if (reasonAt < textEnd) event.reason = line.slice(reasonAt, textEnd);
  if (envelope >= 0) readEnvelope(line, envelope, event);
  if (event.action === 'proxy-accept') event.nextQueueId = queuedAs(line, textAt, textEnd);
  if (event.kind === 'reject' && isAttempt(event)) event.securityEvent = true;
}

function isAttempt(event: MailEvent): boolean {
  if (event.action === 'proxy-reject' || event.reply === undefined) return false;
  const reason = event.reason ?? '';
  for (const words of oursNotTheirs) if (reason.includes(words)) return false;
  return event.clientIp !== undefined;
}

/** Where `; from=<…> to=<…> proto=… helo=<…>` begins, or -1. The text before it may hold semicolons of its own. */
function envelopeStart(line: string, at: number): number {
  const sender = line.lastIndexOf('; from=<');
  if (sender >= at) return sender;
  const recipient = line.lastIndexOf('; to=<');
  if (recipient >= at) return recipient;
  const protocol = line.indexOf('; proto=', at);
  if (protocol >= 0) return protocol;
  // `;` and spaces: some releases pad.
  const padded = line.indexOf(';  ', at);
  return padded >= 0 && line.includes('proto=', padded) ? padded : -1;
}

/** `from=<…> to=<…> proto=… helo=<…> sasl_username=<…>`; postscreen puts commas between them. */
export function readEnvelope(line: string, start: number, event: MailEvent): void {
  let at = start + 1;
  for (;;) {
    while (line.charCodeAt(at) === 32 || line.charCodeAt(at) === 44) at++;
    const equals = line.indexOf('=', at);
    if (equals < 0 || equals - at > 16) return;
    const isBracketed = line.charCodeAt(equals + 1) === 60;
    let end = equals + 1;
    if (isBracketed) {
      end = closingAngle(line, equals + 1);
      if (end < 0) return;
    } else {
      while (end < line.length && line.charCodeAt(end) !== 32 && line.charCodeAt(end) !== 44) end++;
    }
    const value = line.slice(isBracketed ? equals + 2 : equals + 1, end);
    if (line.startsWith('from', at)) event.from = value;
    else if (line.startsWith('to', at)) event.to = value;
    else if (line.startsWith('helo', at)) event.helo = value;
    else if (line.startsWith('sasl_username', at)) event.saslUser = value;
    at = isBracketed ? end + 1 : end;
  }
}

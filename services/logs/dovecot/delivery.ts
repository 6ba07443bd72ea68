// lmtp and lda, with and without Sieve (deliver_log_format `msgid=%m: %$`).
import type { MailEvent } from '../../protocol/mail-event.ts';

export function parseDelivery(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  // Dovecot 2.2: `session: sieve: msgid=…`, `session: msgid=…`.
  if (event.user !== undefined && event.sessionId === undefined) at = readSessionWord(line, at, event);
  const isSieve = line.startsWith('sieve: ', at);
  if (isSieve) at += 7;
  if (line.startsWith('msgid=', at)) return parseMessage(line, at + 6, isSieve, event);
  if (line.startsWith('Connect from ', at)) {
    event.kind = 'connect';
    readSide(line, at + 13, line.length, event);
    return true;
  }
  if (line.startsWith('Disconnect from ', at)) {
    event.kind = 'disconnect';
    const colon = line.indexOf(': ', at);
    readSide(line, at + 16, colon < 0 ? line.length : colon, event);
    if (colon > 0) event.reason = line.slice(colon + 2);
    return true;
  }
  if (isSieve) {
    event.reason = line.slice(at);
    event.kind =
      event.severity === undefined || event.severity === 'info'
        ? 'sieve'
        : event.severity === 'debug'
          ? 'info'
          : event.severity;
    return true;
  }
  return false;
}

function readSessionWord(line: string, start: number, event: MailEvent): number {
  const colon = line.indexOf(': ', start);
  if (colon < 0 || !(line.startsWith('sieve: ', colon + 2) || line.startsWith('msgid=', colon + 2))) return start;
  if (line.startsWith('sieve', start) || line.startsWith('msgid=', start)) return start;
  event.sessionId = line.slice(start, colon);
  return colon + 2;
}

/** The other side of an LMTP connection: an address, or `local`. */
function readSide(line: string, start: number, end: number, event: MailEvent): void {
  const side = line.slice(start, end);
  if (side !== 'local') event.clientIp = side;
}

function parseMessage(line: string, start: number, isSieve: boolean, event: MailEvent): boolean {
  let textAt: number;
  if (line.charCodeAt(start) === 60) {
    const close = line.indexOf('>: ', start);
    textAt = close < 0 ? line.indexOf(': ', start) + 2 : close + 3;
    if (textAt < 2) return false;
    if (textAt > start + 4) event.messageId = line.slice(start + 1, close < 0 ? textAt - 2 : close);
  } else {
    const colon = line.indexOf(': ', start);
    if (colon < 0) return false;
    const id = line.slice(start, colon);
    if (id !== '' && id !== 'unspecified') event.messageId = id;
    textAt = colon + 2;
  }
  if (line.startsWith('saved mail to ', textAt)) {
    event.kind = 'mailbox-delivery';
    event.action = 'saved';
    event.mailbox = line.slice(textAt + 14);
    return true;
  }
  if (line.startsWith('save failed to ', textAt)) {
    event.kind = 'mailbox-delivery';
    event.action = 'failed';
    const mailboxAt = textAt + (line.startsWith('open mailbox ', textAt + 15) ? 28 : 15);
    const colon = line.indexOf(': ', mailboxAt);
    event.mailbox = line.slice(mailboxAt, colon < 0 ? line.length : colon);
    event.reason = colon < 0 ? undefined : line.slice(colon + 2);
    return true;
  }
  readSieveAction(line, textAt, event);
  if (event.action === undefined && !isSieve) {
    event.kind = 'mailbox-delivery';
    event.reason = line.slice(textAt);
  }
  return true;
}

/** Words of Pigeonhole's actions; the action's own name may stand before them (`fileinto action: stored …`). */
const acts: ReadonlyArray<readonly [string, string]> = [
  ['stored mail into mailbox ', 'fileinto'],
  ['left message in mailbox ', 'keep'],
  ['failed to store into mailbox ', 'fileinto'],
  ['forwarded to ', 'redirect'],
  ['discarded duplicate forward to ', 'redirect'],
  ['discarded vacation reply ', 'vacation'],
  ['discarded duplicate vacation response ', 'vacation'],
  ['sent vacation response to ', 'vacation'],
  ['not sending ', 'vacation'],
  ['discarding vacation response', 'vacation'],
  ['failed to send vacation response', 'vacation'],
  ['marked message to be discarded', 'discard'],
  ['discarded', 'discard'],
  ['rejected message from ', 'reject'],
  ['not sending reject message', 'reject'],
  ['discarding reject message', 'reject'],
  ['sent notification ', 'notify'],
  ['piped message to program ', 'pipe'],
  ['failed to pipe message to program ', 'pipe'],
  ['Execution of script ', 'error'],
];

function readSieveAction(line: string, start: number, event: MailEvent): void {
  event.kind = 'sieve';
  event.reason = line.slice(start);
  for (const [words, action] of acts) {
    const at = line.indexOf(words, start);
    if (at < 0 || at > start + 40) continue;
    event.action = action;
    const valueAt = at + words.length;
    const open = line.charCodeAt(valueAt);
    if (action === 'fileinto' || action === 'keep') {
      const close = line.indexOf(`'`, valueAt + 1);
      if (open === 39 && close > 0) event.mailbox = line.slice(valueAt + 1, close);
    } else if (open === 60) {
      const close = line.indexOf('>', valueAt);
      if (close > 0 && action === 'redirect') event.to = line.slice(valueAt + 1, close);
    }
    return;
  }
}

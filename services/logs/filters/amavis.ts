// amavis (amavisd-new): what it decided about a message, and what it says on the way. `(09086-01) ` names the task.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, isDigit, readCount, readDecimal, skipDigits } from '../scan.ts';
import { between, type Form, readBracketedAddress, readForms } from '../words.ts';

export function parseAmavis(line: string, start: number, event: MailEvent): boolean {
  let at = skipTask(line, start, event);
  const isTask = at > start;
  let isFault = false;
  // `(!)` marks trouble, `(!!)` grave trouble.
  if (line.startsWith('(!', at)) {
    isFault = true;
    event.severity = line.charCodeAt(at + 2) === 33 ? 'error' : 'warning';
    at = line.indexOf(')', at) + 1 || line.length;
  }
  if (parseDecision(line, at, event) || parseScore(line, at, event) || readForms(forms, line, at, event)) return true;
  if (parsePart(line, at, event)) return true;
  if (!isFault && !isTask) return false;
  event.kind = isFault ? (event.severity === 'error' ? 'error' : 'warning') : 'info';
  event.reason = line.slice(at);
  return true;
}

/** `(09086-01-2) `. */
function skipTask(line: string, start: number, event: MailEvent): number {
  if (line.charCodeAt(start) !== 40 || !isDigit(line.charCodeAt(start + 1))) return start;
  const close = line.indexOf(') ', start);
  if (close < 0 || close - start > 24) return start;
  event.sessionId = line.slice(start + 1, close);
  return close + 2;
}

/** `Passed CLEAN {RelayedInbound}, [192.0.2.1]:25 [192.0.2.2] <from> -> <to>,<to>, Queue-ID: …, Message-ID: <…>, Hits: -2.6, size: …, queued_as: …, 266 ms`. */
function parseDecision(line: string, at: number, event: MailEvent): boolean {
  const isPassed = line.startsWith('Passed', at);
  if (!isPassed && !line.startsWith('Blocked', at)) return false;
  const wordsEnd = at + (isPassed ? 6 : 7);
  event.kind = 'verdict';
  event.status = isPassed ? 'passed' : 'blocked';
  const arrow = line.indexOf('> -> ', at);
  const pathsAt = startOfPaths(line, wordsEnd, arrow);
  readCategory(line, wordsEnd, pathsAt, event);
  if (line.indexOf('[', wordsEnd) < pathsAt) readBracketedAddress(line, wordsEnd, event);
  const after = readPaths(line, pathsAt, event);
  event.queueId = between(line, after, 'Queue-ID: ', ',');
  event.messageId = between(line, after, 'Message-ID: <', '>');
  event.nextQueueId = between(line, after, 'queued_as: ', ',');
  const size = between(line, after, 'size: ', ',');
  event.size = size === undefined ? undefined : readCount(size, 0, size.length);
  const counters: Record<string, number> = {};
  const hits = signed(between(line, after, 'Hits: ', ','));
  if (hits !== undefined) counters.score = hits;
  const lastSpace = line.lastIndexOf(' ms');
  const timeAt = line.lastIndexOf(' ', lastSpace - 1) + 1;
  const timeMs = lastSpace > after ? readCount(line, timeAt, lastSpace) : undefined;
  if (timeMs !== undefined) counters.timeMs = timeMs;
  event.counters = counters;
  if (event.action === 'INFECTED') event.securityEvent = true;
  return true;
}

/** Where the sender's path begins: the last ` <` before the arrow. */
function startOfPaths(line: string, start: number, arrow: number): number {
  if (arrow < 0) return line.length;
  const open = line.lastIndexOf(' <', arrow);
  return open < start ? arrow : open + 1;
}

/** ` INFECTED (Eicar-Signature) {DiscardedInbound,Quarantined}, LOCAL [192.0.2.1] `. */
function readCategory(line: string, start: number, end: number, event: MailEvent): void {
  let at = start;
  while (line.charCodeAt(at) === 32) at++;
  let wordEnd = at;
  while (wordEnd < end && !' ,({'.includes(line[wordEnd] ?? ' ')) wordEnd++;
  if (wordEnd > at) event.action = line.slice(at, wordEnd);
  if (line.charCodeAt(wordEnd + 1) !== 40) return;
  // Names of parts hold brackets of their own; the list ends where a comma or the braces begin.
  const comma = line.indexOf('), ', wordEnd);
  const brace = line.indexOf(') {', wordEnd);
  const close = brace >= 0 && (comma < 0 || brace < comma) ? brace : comma;
  if (close > 0 && close < end) event.reason = line.slice(wordEnd + 2, close);
}

/** More are not counted. */
const recipientsMax = 1000;

/** `<from> -> <to>,<to>` at `start`. Returns the position after it. */
function readPaths(line: string, start: number, event: MailEvent): number {
  if (line.charCodeAt(start) !== 60) return start;
  const fromEnd = closingAngle(line, start);
  if (fromEnd < 0) return start;
  event.from = line.slice(start + 1, fromEnd);
  if (!line.startsWith(' -> <', fromEnd + 1)) return fromEnd + 1;
  let at = fromEnd + 5;
  let count = 0;
  while (line.charCodeAt(at) === 60 && count < recipientsMax) {
    const close = closingAngle(line, at);
    if (close < 0) break;
    if (count === 0) event.to = line.slice(at + 1, close);
    count++;
    at = line.charCodeAt(close + 1) === 44 ? close + 2 : close + 1;
  }
  event.nrcpt = count;
  return at;
}

function signed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const from = text.startsWith('-') ? 1 : 0;
  // `-2.541-3`: the score and what a list of senders added.
  let end = from;
  while (isDigit(text.charCodeAt(end)) || text.charCodeAt(end) === 46) end++;
  const value = readDecimal(text, from, end);
  return value === undefined || from === 0 ? value : -value;
}

/** `SPAM, <from> -> <to>, Yes, score=17.7 tag=-10 tag2=6.31 kill=6.31 tests=[…], quarantine …`, also `SPAM-TAG, …`. */
function parseScore(line: string, at: number, event: MailEvent): boolean {
  if (!line.startsWith('SPAM, ', at) && !line.startsWith('SPAM-TAG, ', at)) return false;
  const comma = line.indexOf(', ', at);
  event.kind = 'verdict';
  event.action = line.slice(at, comma);
  const after = readPaths(line, comma + 2, event);
  const score = signed(between(line, after, 'score=', ' ') ?? between(line, after, 'hits=', ' '));
  const required = signed(between(line, after, 'required=', ' ') ?? between(line, after, 'tag2=', ' '));
  if (score !== undefined) event.counters = required === undefined ? { score } : { score, required };
  const tests = line.indexOf('tests=', after);
  event.reason = line.slice(tests < 0 ? after : tests);
  return true;
}

/** `p001 1/1 Content-Type: text/plain, size: 460 B, name: `. */
function parsePart(line: string, at: number, event: MailEvent): boolean {
  if (line.charCodeAt(at) !== 112 || skipDigits(line, at + 1) === at + 1 || !line.includes('Content-Type: ', at))
    return false;
  event.kind = 'info';
  event.reason = line.slice(at);
  return true;
}

const forms: readonly Form[] = [
  { words: 'WARN', kind: 'warning' },
  { words: 'NOTICE: ', kind: 'info' },
  { words: 'INFO: ', kind: 'info' },
  { words: 'FAKE SENDER', kind: 'verdict', action: 'FAKE SENDER', address: ': ' },
  { words: 'BAD HEADER', kind: 'verdict', action: 'BAD HEADER' },
  { words: 'INFECTED', kind: 'verdict', action: 'INFECTED', isAttempt: true },
  { words: 'check_header: ', kind: 'info' },
  { words: 'DSN: ', kind: 'bounce-notice' },
  { words: 'OS_fingerprint: ', kind: 'info', address: 'OS_fingerprint: ' },
  { words: 'Quarantine', kind: 'info' },
  { words: 'LMTP:', kind: 'info' },
  { words: 'SMTP:', kind: 'info' },
  { words: 'ESMTP:', kind: 'info' },
  { words: 'Checking: ', kind: 'info', isBracketed: true },
  { words: 'FWD ', kind: 'filter' },
  { words: 'SEND ', kind: 'info' },
  { words: 'TIMING', kind: 'statistics' },
  { words: 'size: ', kind: 'info' },
  { words: 'truncating a message ', kind: 'info' },
  { words: 'do_notify_and_quarantine', kind: 'info' },
  { words: 'spam_scan: ', kind: 'info' },
  { words: 'Negative SMTP response', kind: 'warning' },
  { words: 'smtp resp to ', kind: 'info' },
  { words: 'smtp session ', kind: 'info' },
  { words: 'dkim: ', kind: 'info' },
  { words: 'SpamControl: ', kind: 'lifecycle' },
  { words: 'starting.', kind: 'lifecycle' },
  { words: 'config files read: ', kind: 'lifecycle' },
  { words: 'Starting worker for ', kind: 'lifecycle' },
  { words: 'Net::Server: ', kind: 'lifecycle' },
  { words: 'Module ', kind: 'lifecycle' },
  { words: 'Amavis::', kind: 'lifecycle' },
  { words: 'Found ', kind: 'lifecycle' },
  { words: 'No ', kind: 'lifecycle' },
  { words: 'Using ', kind: 'lifecycle' },
  { words: 'Deleting db files', kind: 'lifecycle' },
  { words: 'Creating db in ', kind: 'lifecycle' },
  { words: 'extra modules loaded', kind: 'lifecycle' },
  { words: 'user=', kind: 'lifecycle' },
  { words: 'perl=', kind: 'lifecycle' },
  { words: 'INFO: SA version', kind: 'lifecycle' },
  { words: 'SpamAssassin ', kind: 'lifecycle' },
  { words: 'ANTI-', kind: 'lifecycle' },
  { words: 'DENIED ACCESS from ', kind: 'reject', address: 'DENIED ACCESS from IP ', isAttempt: true },
  { words: 'TROUBLE', kind: 'error' },
  { words: 'TempDir', kind: 'error' },
  { words: 'PANIC', kind: 'error' },
  { words: 'run_av ', kind: 'info' },
  { words: 'ClamAV', kind: 'info' },
  { words: 'p.path ', kind: 'info' },
  { words: 'virus_scan: ', kind: 'verdict', action: 'INFECTED', isAttempt: true },
  { words: 'collect_results', kind: 'info' },
  { words: 'SA ', kind: 'warning' },
  { words: 'SA: ', kind: 'warning' },
];

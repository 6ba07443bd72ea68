// Rspamd, over syslog (`<tag>; module; function: text`) and in its own log (`#pid(worker) ` before it).
import type { MailEvent } from '../../protocol/mail-event.ts';
import { plainAddress, readCount, readDecimal, skipDigits } from '../scan.ts';
import { between, nonEmpty, readBracketedAddress } from '../words.ts';

export function parseRspamd(line: string, start: number, event: MailEvent): boolean {
  const at = skipWorker(line, start, event);
  const writeLog = line.indexOf('rspamd_task_write_log: ', at);
  if (writeLog >= 0 && writeLog - at < 64) return parseVerdict(line, writeLog + 23, event);
  return parseOther(line, at, event);
}

/** `#1001(normal) `. */
function skipWorker(line: string, start: number, event: MailEvent): number {
  if (line.charCodeAt(start) !== 35) return start;
  const end = skipDigits(line, start + 1);
  const close = line.indexOf(') ', end);
  if (end === start + 1 || line.charCodeAt(end) !== 40 || close < 0 || close - end > 32) return start;
  event.pid = readCount(line, start + 1, end);
  event.service = line.slice(end + 1, close);
  return close + 2;
}

/** `id: <…>, qid: <…>, ip: …, user: …, from: <…>, (default: F (no action): [1.5/15.00] [SYMBOLS]), len: …, time: 5.2ms, …, rcpts: <…>`. */
function parseVerdict(line: string, start: number, event: MailEvent): boolean {
  event.kind = 'verdict';
  const scoreAt = line.indexOf('): [', start);
  const headEnd = scoreAt < 0 ? line.length : scoreAt;
  const head = line.slice(start, headEnd);
  event.messageId = named(between(head, 0, 'id: <', '>'));
  event.queueId = named(between(head, 0, 'qid: <', '>'));
  const address = nonEmpty(between(head, 0, 'ip: ', ','));
  if (address !== undefined && address !== 'unknown' && address !== 'local') event.clientIp = plainAddress(address);
  event.user = nonEmpty(between(head, 0, 'user: ', ','));
  event.saslUser = event.user;
  event.from = between(head, 0, ' from: <', '>');
  event.action = head.slice(head.lastIndexOf('(') + 1);
  const open = scoreAt + 4;
  const close = line.indexOf(']', open);
  if (scoreAt < 0 || close < 0) return true;
  const slash = line.indexOf('/', open);
  const counters: Record<string, number> = {};
  put(counters, 'score', decimal(line.slice(open, slash)));
  put(counters, 'required', decimal(line.slice(slash + 1, close)));
  // Symbols have options of any text in them, so what follows is looked for from the end.
  const tail = line.lastIndexOf('), len: ');
  const tailAt = tail < 0 ? line.lastIndexOf('], len: ') : tail;
  const symbols = line.slice(close + 2, tailAt < 0 ? line.length : tailAt);
  event.reason = symbols.startsWith('[') ? symbols.slice(1, symbols.endsWith(']') ? -1 : undefined) : symbols;
  if (tailAt >= 0) {
    event.size = decimal(between(line, tailAt, 'len: ', ','));
    put(counters, 'timeMs', decimal(between(line, tailAt, 'time: ', 'ms')));
    readRecipients(between(line, tailAt, ', rcpts: <', '>') ?? between(line, tailAt, ', rcpt: <', '>'), event);
  }
  event.counters = counters;
  return true;
}

function named(text: string | undefined): string | undefined {
  return text === 'undef' || text === 'unknown' ? undefined : nonEmpty(text);
}

function decimal(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text.startsWith('-') ? negated(readDecimal(text, 1, text.length)) : readDecimal(text, 0, text.length);
}

function negated(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}

function put(counters: Record<string, number>, name: string, value: number | undefined): void {
  if (value !== undefined) counters[name] = value;
}

function readRecipients(text: string | undefined, event: MailEvent): void {
  if (text === undefined || text === '') return;
  const recipients = text.split(',');
  event.to = recipients[0];
  event.nrcpt = recipients.length;
}

/** `<tag>; module; function: text`; without these only its master process speaks. */
function parseOther(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  // `module; function: text`: without it the name of the program alone proves nothing.
  let isOwn = event.software === 'rspamd' && /[;:] /.test(line.slice(at, at + 80));
  if (line.charCodeAt(at) === 60) {
    const close = line.indexOf('>; ', at);
    if (close < 0 || close - at > 32) return false;
    at = close + 3;
    isOwn = true;
  } else if (event.pid !== undefined && at > start) isOwn = true;
  if (!isOwn) return false;
  event.reason = line.slice(at);
  event.kind = 'info';
  if (event.reason.includes('loaded message; ')) {
    event.kind = 'message-id';
    event.messageId = named(between(line, at, 'id: <', '>'));
    event.queueId = named(between(line, at, 'queue-id: <', '>'));
    event.size = decimal(between(line, at, 'size: ', ';'));
  } else if (event.reason.includes('accepted milter connection from ')) {
    event.kind = 'connect';
    event.clientIp = nonEmpty(between(line, at, 'connection from ', ' '));
  } else if (event.reason.includes('got connection from ')) {
    event.kind = 'connect';
    const peer = between(line, at, 'got connection from ', ' ') ?? '';
    const colon = peer.lastIndexOf(':');
    event.clientIp = nonEmpty(colon > 0 ? peer.slice(0, colon) : peer);
    if (peer.startsWith('[')) readBracketedAddress(peer, 0, event);
  } else if (lifecycle.some((words) => event.reason?.includes(words))) event.kind = 'lifecycle';
  else if (faults.some((words) => event.reason?.includes(words))) {
    event.kind = 'warning';
    event.severity = 'warning';
  }
  return true;
}

const lifecycle = [
  'is starting now',
  'workers pid',
  'terminat',
  'has been reloaded',
  'start worker',
  'prepare to fork',
  'rspamd restarting',
];
const faults = ['cannot ', 'failed', 'error', 'timeout', 'refused', 'invalid'];

// MariaDB and MySQL: the error log, and the comments that stand before each statement in the slow log.
import type { MailEvent, Severity } from '../../protocol/mail-event.ts';
import { isDigit, readDecimal, skipDigits } from '../scan.ts';
import { addressAt, between, isAddress, nonEmpty } from '../words.ts';

const levels: ReadonlyArray<readonly [string, Severity]> = [
  ['[Note] ', 'info'],
  ['[System] ', 'info'],
  ['[Warning] ', 'warning'],
  ['[Error] ', 'error'],
  ['[ERROR] ', 'error'],
  ['[FATAL] ', 'fatal'],
];

export function parseMariaDb(line: string, start: number, event: MailEvent): boolean {
  if (line.charCodeAt(start) === 35) return parseSlow(line, start, event);
  if (line.startsWith('SET timestamp=', start)) {
    event.kind = 'statistics';
    event.action = 'slow-query';
    event.reason = line.slice(start);
    return true;
  }
  let at = skipStamp(line, start);
  // The thread: `0 [Note]`.
  const threadEnd = skipDigits(line, at);
  if (threadEnd > at && line.startsWith(' [', threadEnd)) at = threadEnd + 1;
  const level = levels.find(([word]) => line.startsWith(word, at));
  if (level !== undefined) return parseLevel(line, at + level[0].length, level[1], event);
  if (line.startsWith('InnoDB: ', at))
    return parseLevel(line, at, line.startsWith('Error', at + 8) ? 'error' : 'info', event);
  if (event.software !== 'mariadb') return false;
  if (
    line.includes('ready for connections', at) ||
    line.includes('starting as process', at) ||
    line.startsWith('Starting ', at)
  ) {
    event.kind = 'lifecycle';
    event.reason = line.slice(at);
    return true;
  }
  if (!line.startsWith('Version: ', at) && !line.startsWith('mysqld', at)) return false;
  event.kind = 'info';
  event.reason = line.slice(at);
  return true;
}

/** Over syslog it puts its own time first: `2026-11-22  5:24:26 0 [Note]`. */
function skipStamp(line: string, start: number): number {
  if (line.charCodeAt(start + 4) !== 45 || line.charCodeAt(start + 7) !== 45 || !isDigit(line.charCodeAt(start)))
    return start;
  const clockAt = line.charCodeAt(start + 11) === 32 ? start + 12 : start + 11;
  const end = line.indexOf(' ', clockAt);
  return end < 0 ? start : end + 1;
}

const lifecycleWords = [
  'ready for connections',
  'starting as process',
  'Normal shutdown',
  'Shutdown complete',
  'Starting shutdown',
];

function parseLevel(line: string, start: number, severity: Severity, event: MailEvent): boolean {
  let at = start;
  // MySQL 8: `[MY-010068] [Server] `.
  while (line.charCodeAt(at) === 91) {
    const close = line.indexOf('] ', at);
    if (close < 0 || close - at > 24) break;
    at = close + 2;
  }
  const reason = line.slice(at);
  event.severity = severity;
  event.reason = reason;
  event.kind = severity === 'info' || severity === 'debug' ? 'info' : severity;
  if (reason.startsWith('Access denied for user ')) {
    event.kind = 'auth-failure';
    readAccount(line, at + 23, event);
    event.securityEvent = true;
  } else if (reason.startsWith('Aborted connection ')) {
    event.kind = 'connection-lost';
    event.user = nonEmpty(between(line, at, " user: '", "'"));
    readHost(nonEmpty(between(line, at, " host: '", "'")), event);
  } else if (reason.startsWith('Too many connections') || reason.includes('Host is blocked')) event.kind = 'limit';
  else if (lifecycleWords.some((words) => reason.includes(words))) event.kind = 'lifecycle';
  return true;
}

/** `'user'@'host'`. */
function readAccount(line: string, start: number, event: MailEvent): void {
  event.user = nonEmpty(between(line, start, "'", "'"));
  readHost(nonEmpty(between(line, start, "@'", "'")), event);
}

function readHost(host: string | undefined, event: MailEvent): void {
  if (host === undefined) return;
  if (isAddress(host, 0, host.length)) event.clientIp = host;
  else event.clientHost = host;
}

/** `# Time: …`, `# User@Host: user[user] @ host [192.0.2.1]`, `# Query_time: 2.0  Lock_time: 0.0  Rows_sent: 1  Rows_examined: 9`. */
function parseSlow(line: string, start: number, event: MailEvent): boolean {
  const isUser = line.startsWith('# User@Host: ', start);
  if (!isUser && !slowComments.some((words) => line.startsWith(words, start))) return false;
  event.kind = 'statistics';
  event.action = 'slow-query';
  event.reason = line.slice(start + 2);
  if (isUser) {
    event.user = nonEmpty(between(line, start + 13, '', '['));
    const host = line.indexOf(' @ ', start);
    if (host < 0) return true;
    const open = line.indexOf('[', host);
    const name = nonEmpty(line.slice(host + 3, open < 0 ? line.length : open).trim());
    event.clientHost = name;
    if (open > 0) event.clientIp = addressAt(line, open);
    return true;
  }
  event.counters = readNumbers(line, start + 2);
  return true;
}

const slowComments = [
  ...[
    '# Time: ',
    '# Thread_id: ',
    '# Query_time: ',
    '# Rows_affected: ',
    '# Rows_sent: ',
    '# Full_scan: ',
    '# Filesort: ',
  ],
  ...[
    '# Schema: ',
    '# Tmp_tables: ',
    '# Bytes_sent: ',
    '# explain: ',
    '# Stored_routine: ',
    '# Priority_queue: ',
    '# administrator command: ',
  ],
];

/** MariaDB writes fewer of them in one comment. */
const countersMax = 32;

/** `Name: number` pairs; the names as the line has them, the first letter lower and without `_`. */
function readNumbers(line: string, start: number): Record<string, number> | undefined {
  const counters: Record<string, number> = {};
  let count = 0;
  for (let at = start; at < line.length && count < countersMax; ) {
    const colon = line.indexOf(': ', at);
    if (colon < 0) break;
    const name = line.slice(line.lastIndexOf(' ', colon - 1) + 1, colon);
    let end = colon + 2;
    while (line.charCodeAt(end) === 32) end++;
    const valueAt = end;
    while (end < line.length && line.charCodeAt(end) !== 32) end++;
    const value = readDecimal(line, valueAt, end);
    const key = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (value !== undefined && /^[A-Z][A-Za-z]{2,24}$/.test(key) && key !== 'Time') {
      counters[key.charAt(0).toLowerCase() + key.slice(1)] = value;
      count++;
    }
    at = end;
  }
  return count > 0 ? counters : undefined;
}

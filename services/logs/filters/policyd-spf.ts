// SPF policy services: policyd-spf (Python; its words are those of Received-SPF, RFC 7208 9.1) and the older one in Perl.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { endOfQueueId } from '../postfix/queue-id.ts';
import { plainAddress, readReply } from '../scan.ts';
import { addressBehind, between, type Form, nonEmpty, readForms } from '../words.ts';

const results = ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror'] as const;

export function parsePolicydSpf(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  while (line.charCodeAt(at) === 32) at++;
  const idEnd = endOfQueueId(line, at);
  if (idEnd > at && line.startsWith(': ', idEnd)) {
    event.queueId = line.slice(at, idEnd);
    at = idEnd + 2;
  }
  if (readForms(forms, line, at, event)) return true;
  event.kind = 'policy';
  event.reason = line.slice(at);
  const textAt = readReply(line, at, event);
  // What Postfix then refuses is a line of its own.
  if (event.reply !== undefined) event.reason = line.slice(textAt);
  event.action = resultIn(line, at);
  event.clientIp = address(between(line, at, 'client-ip=', ';')) ?? address(between(line, at, ';ip=', ';'));
  event.clientIp ??= addressBehind(line, at, 'ip=');
  event.helo = nonEmpty(between(line, at, 'helo=', ';'));
  event.from = nonEmpty(between(line, at, 'envelope-from=', ';'))?.replace(/^[<"]+|[>"]+$/g, '');
  const code = event.reply?.code;
  if (code !== undefined && code >= 500 && event.clientIp !== undefined) event.securityEvent = true;
  return event.action !== undefined || event.reply !== undefined || event.clientIp !== undefined;
}

function address(text: string | undefined): string | undefined {
  const word = nonEmpty(text);
  return word === undefined ? undefined : plainAddress(word);
}

/** The result: first word of its line, or the one behind `Received-SPF: ` or `SPF `. */
function resultIn(line: string, start: number): string | undefined {
  const header = line.indexOf('Received-SPF: ', start);
  const spf = line.indexOf('SPF ', start);
  const at = header >= 0 ? header + 14 : spf >= 0 && !startsWithResult(line, start) ? spf + 4 : start;
  return startsWithResult(line, at);
}

function startsWithResult(line: string, at: number): string | undefined {
  const word = line.slice(at, at + 10).toLowerCase();
  return results.find((result) => word.startsWith(result) && !/[a-z]/.test(word[result.length] ?? ' '));
}

const forms: readonly Form[] = [
  { words: 'Starting', kind: 'lifecycle' },
  { words: 'Normal exit', kind: 'lifecycle' },
  { words: 'Config: ', kind: 'info' },
  { words: 'Cached data', kind: 'info' },
  { words: 'Read line: ', kind: 'info' },
  { words: 'Found the end of entry', kind: 'info' },
  { words: 'Action: ', kind: 'info' },
  { words: 'spfcheck: ', kind: 'info' },
  { words: 'Traceback', kind: 'error' },
  { words: 'Warning: ', kind: 'warning' },
  { words: 'ERROR: ', kind: 'error' },
  { words: 'Timeout ', kind: 'warning' },
  { words: 'handler ', kind: 'info' },
  { words: 'SPF disabled', kind: 'info' },
  { words: 'Skipping', isInside: true, kind: 'info' },
];

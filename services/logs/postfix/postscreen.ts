// postscreen(8), tlsproxy(8) and dnsblog(8). A client is `[address]:port`: its name is not looked up yet.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readClient } from '../scan.ts';

/** Verdicts and tests; the longer ones first. True in the second place: the client did what no mail server does. */
const verdicts: ReadonlyArray<readonly [string, boolean]> = [
  ['PASS NEW', false],
  ['PASS OLD', false],
  ['WHITELIST VETO', false],
  ['WHITELISTED', false],
  ['ALLOWLIST VETO', false],
  ['ALLOWLISTED', false],
  ['BLACKLISTED', true],
  ['DENYLISTED', true],
  ['PREGREET', true],
  ['HANGUP', true],
  ['DNSBL', true],
  ['NON-SMTP COMMAND', true],
  ['BARE NEWLINE', true],
  ['COMMAND PIPELINING', true],
  ['COMMAND TIME LIMIT', true],
  ['COMMAND COUNT LIMIT', true],
  ['COMMAND LENGTH LIMIT', true],
];

export function parsePostscreen(line: string, start: number, event: MailEvent): boolean {
  if (line.startsWith('CONNECT from ', start)) {
    event.kind = 'connect';
    readClient(line, start + 13, event);
    return true;
  }
  if (line.startsWith('DISCONNECT ', start)) {
    event.kind = 'disconnect';
    readClient(line, start + 11, event);
    return true;
  }
  for (const [verdict, isAttempt] of verdicts) {
    if (!line.startsWith(verdict, start)) continue;
    event.kind = 'postscreen';
    event.action = verdict;
    const open = line.indexOf('[', start);
    const after = open < 0 ? -1 : readClient(line, open, event);
    event.reason = after > 0 && line.charCodeAt(after) === 58 ? line.slice(after + 1).trim() : line.slice(start);
    if (isAttempt) event.securityEvent = true;
    return true;
  }
  return false;
}

/** dnsblog: `addr 192.0.2.1 listed by domain bl.example as 127.0.0.2`. */
export function parseDnsblog(line: string, start: number, event: MailEvent): boolean {
  if (!line.startsWith('addr ', start)) return false;
  const listed = line.indexOf(' listed by domain ', start + 5);
  if (listed < 0) return false;
  event.kind = 'dnsbl';
  event.clientIp = line.slice(start + 5, listed);
  event.reason = line.slice(listed + 1);
  return true;
}

// Policy services that Postfix asks over its policy protocol (SMTPD_POLICY_README): greylisters, SPF checkers.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { plainAddress } from '../scan.ts';
import { endOfQueueId } from './queue-id.ts';

export function parsePolicy(line: string, start: number, event: MailEvent): void {
  let at = start;
  while (line.charCodeAt(at) === 32) at++;
  const idEnd = endOfQueueId(line, at);
  if (idEnd > at && line.startsWith(': ', idEnd)) {
    event.queueId = line.slice(at, idEnd);
    at = idEnd + 2;
  }
  event.kind = 'policy';
  event.reason = line.slice(at);
  const action = line.indexOf('action=', at);
  if (action >= 0) readPairs(line, action, event);
  else if (line.includes('SPF', at)) event.action = 'spf';
}

/** `action=greylist, reason=new, client_name=…, client_address=…, sender=…, recipient=…`. */
function readPairs(line: string, start: number, event: MailEvent): void {
  let at = start;
  while (at < line.length) {
    while (line.charCodeAt(at) === 32 || line.charCodeAt(at) === 44) at++;
    const equals = line.indexOf('=', at);
    if (equals < 0) break;
    const next = line.indexOf(', ', equals);
    const end = next < 0 ? line.length : next;
    const value = line.slice(equals + 1, end);
    const key = line.slice(at, equals);
    if (key === 'action') event.action = value;
    else if (key === 'reason') event.reason = value;
    else if (key === 'client_name') event.clientHost = value;
    else if (key === 'client_address') event.clientIp = plainAddress(value);
    else if (key === 'sender') event.from = value;
    else if (key === 'recipient') event.to = value;
    at = end;
  }
  // A client that does not wait as told does not queue: it is no mail server.
  if (event.action === 'greylist' && event.reason?.startsWith('early-retry')) event.securityEvent = true;
}

// smtp(8) and lmtp(8) as a client: what other servers say, before the delivery line sums it up.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readPeer, readReply } from '../scan.ts';

export function parseSmtpClient(line: string, start: number, event: MailEvent): boolean {
  const first = line.charCodeAt(start);
  const end = line.length;
  if (first === 99 && line.startsWith('connect to ', start)) {
    event.kind = 'connection-lost';
    const after = readPeer(line, start + 11, end, event);
    event.reason = after > 0 && line.charCodeAt(after) === 58 ? line.slice(after + 2) : line.slice(start);
    return true;
  }
  if (first === 104 && line.startsWith('host ', start)) return parseHostSaid(line, start, event);
  if (first === 108 && line.startsWith('lost connection with ', start)) {
    event.kind = 'connection-lost';
    event.reason = line.slice(start);
    readPeer(line, start + 21, end, event);
    return true;
  }
  if (first === 99 && line.startsWith('conversation with ', start)) {
    event.kind = 'connection-lost';
    const after = readPeer(line, start + 18, end, event);
    event.reason = after > 0 && line.startsWith(' timed out ', after) ? line.slice(after + 11) : line.slice(start);
    return true;
  }
  if (first === 101 && line.startsWith('enabling PIX ', start)) {
    event.kind = 'info';
    const colon = line.indexOf(':', start);
    const target = line.indexOf(' for ', start);
    event.reason = line.slice(start, colon > 0 && colon < target ? colon : target < 0 ? end : target);
    if (target > 0) readPeer(line, target + 5, end, event);
    return true;
  }
  if (first === 83 && line.startsWith('SASL ', start)) return parseSaslClient(line, start, event);
  if (first === 115 && line.startsWith('status=', start)) {
    event.kind = 'info';
    event.reason = line.slice(start);
    return true;
  }
  return false;
}

/** `host X said: REPLY (in reply to RCPT TO command)`, `host X refused to talk to me: REPLY`. */
function parseHostSaid(line: string, start: number, event: MailEvent): boolean {
  const after = readPeer(line, start + 5, line.length, event);
  if (after < 0) return false;
  let replyAt: number;
  if (line.startsWith(' said: ', after)) replyAt = after + 7;
  else if (line.startsWith(' refused to talk to me: ', after)) replyAt = after + 24;
  else return false;
  event.kind = 'info';
  event.action = replyAt === after + 7 ? 'said' : 'refused';
  readReply(line, replyAt, event);
  const inReply = line.lastIndexOf(' (in reply to ');
  event.reason = line.slice(replyAt, inReply > replyAt ? inReply : line.length);
  return true;
}

/** `SASL authentication failed; server X said: REPLY`: we were refused by another server. */
function parseSaslClient(line: string, start: number, event: MailEvent): boolean {
  const failed = line.indexOf('authentication failed; ', start);
  if (failed < 0) return false;
  event.kind = 'auth-failure';
  const server = line.indexOf('server ', failed);
  const after = server < 0 ? -1 : readPeer(line, server + 7, line.length, event);
  if (after > 0 && line.startsWith(' said: ', after)) {
    event.reason = line.slice(after + 7);
    readReply(line, after + 7, event);
  } else event.reason = line.slice(failed + 23);
  return true;
}

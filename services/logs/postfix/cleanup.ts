// cleanup(8) and bounce(8).
import type { MailEvent } from '../../protocol/mail-event.ts';
import { endOfQueueId } from './queue-id.ts';

/** `message-id=<…>`; the id may be empty, cut, or not an id at all. */
export function parseCleanup(line: string, start: number, event: MailEvent): boolean {
  if (line.startsWith('message-id=', start)) {
    event.kind = 'message-id';
    event.messageId = bareMessageId(line, start + 11) || undefined;
    return true;
  }
  if (line.startsWith('resent-message-id=', start)) {
    event.kind = 'header';
    event.action = 'resent-message-id';
    event.reason = line.slice(start);
    return true;
  }
  return false;
}

function bareMessageId(line: string, start: number): string {
  const isBracketed = line.charCodeAt(start) === 60;
  let end = line.length;
  while (end > start && line.charCodeAt(end - 1) === 32) end--;
  if (!isBracketed) return line.slice(start, end);
  return line.slice(start + 1, line.charCodeAt(end - 1) === 62 ? end - 1 : end);
}

const notices = [
  'sender non-delivery notification: ',
  'sender delivery status notification: ',
  'sender delay notification: ',
  'postmaster non-delivery notification: ',
  'postmaster delay notification: ',
];

/** bounce(8) made a notice: its queue id is `nextQueueId`. */
export function parseBounce(line: string, start: number, event: MailEvent): boolean {
  const first = line.charCodeAt(start);
  if (first !== 115 && first !== 112) return false;
  for (const notice of notices) {
    if (!line.startsWith(notice, start)) continue;
    const idAt = start + notice.length;
    const idEnd = endOfQueueId(line, idAt);
    event.kind = 'bounce-notice';
    event.action = notice.slice(0, -2);
    event.nextQueueId = idEnd > idAt ? line.slice(idAt, idEnd) : undefined;
    return true;
  }
  return false;
}

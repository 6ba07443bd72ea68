// qmgr(8) and pickup(8): a message enters the queue, or is given up.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { closingAngle, readCount, skipDigits } from '../scan.ts';
import { readStatus } from './delivery.ts';
import { endOfQueueId } from './queue-id.ts';

/** `from=<…>, size=…, nrcpt=… (queue active)`, or `from=<…>, status=expired, returned to sender`. */
export function parseQueued(line: string, start: number, event: MailEvent): boolean {
  const afterFrom = readSender(line, start + 5, event);
  if (line.startsWith(', size=', afterFrom)) {
    event.kind = 'queued';
    const sizeEnd = skipDigits(line, afterFrom + 7);
    event.size = readCount(line, afterFrom + 7, sizeEnd);
    if (line.startsWith(', nrcpt=', sizeEnd)) event.nrcpt = readCount(line, sizeEnd + 8, skipDigits(line, sizeEnd + 8));
    return true;
  }
  const status = line.indexOf('status=', afterFrom);
  if (status < 0) return false;
  readStatus(line, status + 7, event);
  event.kind = 'expired';
  return true;
}

/** `uid=0 from=<root>`, with `orig_id=…` for a message that postsuper(1) put back. */
export function parsePickup(line: string, start: number, event: MailEvent): boolean {
  const uidEnd = skipDigits(line, start + 4);
  if (!line.startsWith(' from=', uidEnd)) return false;
  event.kind = 'pickup';
  const after = readSender(line, uidEnd + 6, event);
  if (!line.startsWith(' orig_id=', after)) return true;
  const idEnd = endOfQueueId(line, after + 9);
  if (idEnd > after + 9) event.origQueueId = line.slice(after + 9, idEnd);
  return true;
}

function readSender(line: string, start: number, event: MailEvent): number {
  if (line.charCodeAt(start) === 60) {
    const close = closingAngle(line, start);
    const end = close < 0 ? line.length : close;
    event.from = line.slice(start + 1, end);
    return end + 1;
  }
  let end = start;
  while (end < line.length && line.charCodeAt(end) !== 44 && line.charCodeAt(end) !== 32) end++;
  event.from = line.slice(start, end);
  return end;
}

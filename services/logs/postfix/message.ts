// What a Postfix daemon says, told apart by its first words: the same words mean the same whichever instance says them.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { parseBounce, parseCleanup } from './cleanup.ts';
import { parseDelivery, parseValue } from './delivery.ts';
import { parseLifecycle } from './lifecycle.ts';
import { parsePostscreen } from './postscreen.ts';
import { parsePickup, parseQueued } from './qmgr.ts';
import { endOfQueueId } from './queue-id.ts';
import { parseAction } from './restriction.ts';
import { parseSmtpClient } from './smtp.ts';
import { parseClient, parseSmtpServer } from './smtpd.ts';
import { parseStatistics } from './statistics.ts';
import { parsePeerCertificate, parseTls } from './tls.ts';
import { parseSevere } from './warning.ts';

/** `start` is where the message begins. Sets `event.kind` and what the message tells; it stays `unparsed` otherwise. */
export function parsePostfix(line: string, start: number, event: MailEvent): void {
  const idEnd = endOfQueueId(line, start);
  if (idEnd > start && line.charCodeAt(idEnd) === 58 && line.charCodeAt(idEnd + 1) === 32) {
    event.queueId = line.slice(start, idEnd);
    parseText(line, idEnd + 2, event);
  } else if (line.startsWith('NOQUEUE: ', start)) {
    event.queueId = 'NOQUEUE';
    parseText(line, start + 9, event);
  } else {
    parseText(line, start, event);
  }
}

/** Nothing but spaces follows. */
function isEnd(line: string, at: number): boolean {
  return at === line.length || line.slice(at).trim() === '';
}

function parseText(line: string, at: number, event: MailEvent): boolean {
  const first = line.charCodeAt(at);
  // By frequency: what most lines of a busy server begin with.
  if (first === 116 && line.startsWith('to=', at)) return parseDelivery(line, at, event);
  if (first === 102 && line.startsWith('from=', at)) return parseQueued(line, at, event);
  if (first === 99 && line.startsWith('client=', at)) return parseClient(line, at, event);
  if (first === 114 && line.startsWith('removed', at) && isEnd(line, at + 7)) {
    event.kind = 'removed';
    event.reason = 'removed';
    return true;
  }
  if (first === 117 && line.startsWith('uid=', at)) return parsePickup(line, at, event);
  if (first === 109 && parseCleanup(line, at, event)) return true;
  if ((first === 99 || first === 100) && parseSmtpServer(line, at, event)) return true;
  if (first >= 65 && first <= 91 && (parseTls(line, at, event) || parsePostscreen(line, at, event))) return true;
  return (
    parseSmtpServer(line, at, event) ||
    parseSevere(line, at, event) ||
    parseAction(line, at, event) ||
    parseBounce(line, at, event) ||
    parseCleanup(line, at, event) ||
    parseSmtpClient(line, at, event) ||
    parseTls(line, at, event) ||
    parseStatistics(line, at, event) ||
    parsePeerCertificate(line, at, event) ||
    parseLifecycle(line, at, event) ||
    parseValue(line, at, event)
  );
}

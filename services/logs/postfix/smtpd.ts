// smtpd(8): a client's session.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readClient } from '../scan.ts';
import { repeatedCounters } from '../session-counters.ts';

/** `client=host[address], orig_queue_id=…, orig_client=…, sasl_method=…, sasl_username=…, sasl_sender=…`. */
export function parseClient(line: string, start: number, event: MailEvent): boolean {
  event.kind = 'client';
  let at = readClient(line, start + 7, event);
  while (at >= 0 && line.startsWith(', ', at)) {
    const keyAt = at + 2;
    const equals = line.indexOf('=', keyAt);
    if (equals < 0) return true;
    const next = line.indexOf(', ', equals);
    const end = next < 0 ? line.length : next;
    const value = line.slice(equals + 1, end);
    if (line.startsWith('sasl_method', keyAt)) event.saslMethod = value;
    else if (line.startsWith('sasl_username', keyAt)) event.saslUser = value;
    else if (line.startsWith('orig_queue_id', keyAt)) event.origQueueId = value;
    else if (line.startsWith('helo', keyAt)) event.helo = value;
    at = next;
  }
  return true;
}

/** Client talk that is no reject: connect, disconnect, and how a session broke off. */
export function parseSmtpServer(line: string, start: number, event: MailEvent): boolean {
  const first = line.charCodeAt(start);
  if (first === 99 && line.startsWith('connect from ', start)) {
    event.kind = 'connect';
    readClient(line, start + 13, event);
    return true;
  }
  if (first === 100 && line.startsWith('disconnect from ', start)) {
    event.kind = 'disconnect';
    const after = readClient(line, start + 16, event);
    if (after > 0 && line.charCodeAt(after) === 32) {
      event.counters = repeatedCounters(line, after + 1, line.length);
      // Authentication was tried and never succeeded.
      if (line.includes(' auth=0/', after)) event.securityEvent = true;
    }
    return true;
  }
  if (first === 108 || first === 116 || first === 105) return parseBrokenOff(line, start, event);
  if (first === 97 && line.startsWith('abort: TLS from ', start)) {
    event.kind = 'tls';
    event.reason = line.slice(start);
    readClient(line, start + 16, event);
    return true;
  }
  return false;
}

const endings = ['lost connection', 'timeout', 'too many errors', 'improper command pipelining'] as const;

/** A client that goes away while a message is on its way has a bad network; in any other state it probes. */
const messageStages = new Set(['DATA', 'BDAT', 'END-OF-MESSAGE']);

/** `lost connection after DATA (123 bytes) from host[address]`, `improper command pipelining after EHLO from host[address]: text`. */
function parseBrokenOff(line: string, start: number, event: MailEvent): boolean {
  for (const ending of endings) {
    if (!line.startsWith(ending, start)) continue;
    const afterAt = start + ending.length;
    if (!line.startsWith(' after ', afterAt)) return false;
    const stageAt = afterAt + 7;
    const from = line.indexOf(' from ', stageAt);
    if (from < 0) return false;
    const space = line.indexOf(' ', stageAt);
    const stage = line.slice(stageAt, space < from ? space : from);
    event.kind = 'connection-lost';
    event.action = ending;
    readClient(line, from + 6, event);
    event.reason = line.slice(start, from);
    if (ending !== 'timeout' && !(ending === 'lost connection' && messageStages.has(stage))) event.securityEvent = true;
    return true;
  }
  return false;
}

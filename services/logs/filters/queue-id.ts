import type { MailEvent } from '../../protocol/mail-event.ts';
import { isDigit } from '../scan.ts';

const idCharsMin = 5;
const idCharsMax = 24;

/** A milter names the MTA's queue id (macro `{i}`) and a colon first. Reads it; returns where the text begins. */
export function skipMilterQueueId(line: string, start: number, event: MailEvent): number {
  for (let at = start; at <= start + idCharsMax; at++) {
    const code = line.charCodeAt(at);
    if (isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 45) continue;
    const isNamed = code === 58 && line.charCodeAt(at + 1) === 32 && at - start >= idCharsMin;
    if (!isNamed || !/\d|^[A-Z]+$/.test(line.slice(start, at))) return start;
    event.queueId = line.slice(start, at);
    return at + 2;
  }
  return start;
}

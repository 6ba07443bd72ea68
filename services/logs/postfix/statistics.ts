// anvil(8), scache(8) and the caches of verify(8), postscreen(8) and tlsmgr(8) report on themselves.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { isDigit, plainAddress } from '../scan.ts';
import { readCounters } from '../session-counters.ts';
import { parseDnsblog } from './postscreen.ts';

export function parseStatistics(line: string, start: number, event: MailEvent): boolean {
  const first = line.charCodeAt(start);
  if (first === 115 && line.startsWith('statistics: ', start)) {
    event.kind = 'statistics';
    event.reason = line.slice(start + 12);
    const open = line.indexOf(' for (', start);
    const close = line.lastIndexOf(')');
    if (open > 0 && close > open) event.clientIp = anvilClient(line.slice(open + 6, close));
    if (line.includes('hits=', start)) event.counters = readCounters(line, start + 12, line.length);
    return true;
  }
  if (first === 99 && line.startsWith('cache ', start) && line.includes(' cleanup: ', start)) {
    event.kind = 'statistics';
    event.reason = line.slice(start);
    event.counters = readCounters(line, line.indexOf('cleanup: ', start) + 9, line.length);
    return true;
  }
  return parseDnsblog(line, start, event);
}

/** `service:address`, where the service may be a name, a port, or `address:port`. */
function anvilClient(key: string): string | undefined {
  const colon = key.indexOf(':');
  if (colon < 0) return undefined;
  let address = key.slice(colon + 1);
  const service = key.slice(0, colon);
  if (key.startsWith('[')) {
    const end = key.indexOf(']:');
    address = end < 0 ? '' : key.slice(key.indexOf(':', end + 2) + 1);
  } else if (service.includes('.') || !(isAddress(address) || address === 'unknown')) {
    address = address.slice(address.indexOf(':') + 1);
  }
  return isAddress(address) ? plainAddress(address) : undefined;
}

/** Looks like an IPv4 or IPv6 address; Postfix printed it, so the form is enough. */
function isAddress(text: string): boolean {
  let dots = 0;
  let colons = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) dots++;
    else if (code === 58) colons++;
    else if (!isDigit(code) && !(code >= 97 && code <= 102) && !(code >= 65 && code <= 70)) return false;
  }
  if (colons === 0) return dots === 3;
  return colons === 7 || text.includes('::') || (colons === 6 && dots === 3);
}

// postgrey: `action=greylist, reason=new, client_name=…, client_address=…, sender=…, recipient=…`.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { parsePolicy } from '../postfix/policy.ts';
import { readCount, skipDigits } from '../scan.ts';
import { between, type Form, readBracketedAddress, readForms } from '../words.ts';

export function parsePostgrey(line: string, start: number, event: MailEvent): boolean {
  if (line.includes('action=', start)) {
    parsePolicy(line, start, event);
    const delay = between(line, start, ', delay=', ',') ?? '';
    if (delay !== '') event.delay = readCount(delay, 0, delay.length);
    return true;
  }
  if (line.startsWith('whitelisted: ', start)) {
    event.kind = 'policy';
    event.action = 'whitelisted';
    event.reason = line.slice(start);
    readBracketedAddress(line, start, event);
    return true;
  }
  if (readForms(forms, line, start, event)) return true;
  // Net::Server begins with the date of its own.
  if (skipDigits(line, start) !== start + 4 || line.charCodeAt(start + 4) !== 47) return false;
  event.kind = 'lifecycle';
  event.reason = line.slice(start);
  return true;
}

const forms: readonly Form[] = [
  { words: 'cleaning ', kind: 'lifecycle' },
  { words: 'rm ', kind: 'lifecycle' },
  { words: 'Exiting', kind: 'lifecycle' },
  { words: 'HUP received', kind: 'lifecycle' },
  { words: 'Process Backgrounded', kind: 'lifecycle' },
  { words: 'Binding to ', kind: 'lifecycle' },
  { words: 'Setting ', kind: 'lifecycle' },
  { words: 'Resolved ', kind: 'lifecycle' },
  { words: 'Server closing', kind: 'lifecycle' },
  { words: 'Couldn', kind: 'error' },
  { words: 'Pid_file ', kind: 'error' },
  { words: 'FATAL', kind: 'fatal' },
  { words: 'fatal', kind: 'fatal' },
  { words: 'warning', kind: 'warning' },
  { words: 'WARNING', kind: 'warning' },
  { words: 'correcting date', kind: 'info' },
  { words: 'unrecognized request type', kind: 'warning' },
  { words: 'ignoring garbage', kind: 'warning' },
];

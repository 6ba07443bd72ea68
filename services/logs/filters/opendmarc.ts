// OpenDMARC: `QID: example.org fail`, with the SPF check that it did itself before it.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { type Form, readForms } from '../words.ts';
import { skipMilterQueueId } from './queue-id.ts';

const verdicts = new Set([
  'pass',
  'fail',
  'none',
  'quarantine',
  'reject',
  'permerror',
  'temperror',
  'accept',
  'bestguesspass',
]);

export function parseOpenDmarc(line: string, start: number, event: MailEvent): boolean {
  const at = skipMilterQueueId(line, start, event);
  if (parseSpf(line, at, event) || readForms(forms, line, at, event)) return true;
  const space = line.indexOf(' ', at);
  const rest = space < 0 ? '' : line.slice(space + 1).trim();
  if (event.queueId !== undefined && verdicts.has(rest)) {
    event.kind = 'verdict';
    event.action = rest;
    event.reason = line.slice(at);
    return true;
  }
  if (event.queueId === undefined) return false;
  event.kind = 'info';
  event.reason = line.slice(at);
  return true;
}

/** `SPF(mailfrom): user@example.org pass`, `SPF(helo): mx.example.org none`. */
function parseSpf(line: string, at: number, event: MailEvent): boolean {
  if (!line.startsWith('SPF(', at)) return false;
  const colon = line.indexOf('): ', at);
  const space = line.lastIndexOf(' ');
  if (colon < 0 || space <= colon + 2) return false;
  event.kind = 'verdict';
  event.action = line.slice(space + 1);
  const identity = line.slice(colon + 3, space);
  if (line.startsWith('helo', at + 4)) event.helo = identity;
  else event.from = identity;
  event.reason = line.slice(at);
  return true;
}

const forms: readonly Form[] = [
  { words: 'OpenDMARC Filter', kind: 'lifecycle' },
  { words: 'terminating with status', kind: 'lifecycle' },
  { words: 'implicit authentication service', kind: 'lifecycle' },
  { words: 'configuration reloaded', kind: 'lifecycle' },
  { words: 'exited with status', kind: 'lifecycle' },
  { words: 'additional trust anchor', kind: 'lifecycle' },
  { words: 'ignoring connection from ', kind: 'info' },
  { words: 'ignoring mail from ', kind: 'info' },
  { words: 'ignoring Authentication-Results', isInside: true, kind: 'info' },
  { words: 'RFC5322 requirement error', kind: 'verdict', action: 'permerror' },
  { words: 'multi-valued From field', kind: 'verdict', action: 'permerror' },
  { words: 'unable to parse From header', kind: 'verdict', action: 'permerror' },
  { words: 'ARC pass, policy ', kind: 'verdict', action: 'arc' },
  { words: 'rejected by DMARC policy', kind: 'verdict', action: 'reject' },
  { words: 'quarantined by DMARC policy', kind: 'verdict', action: 'quarantine' },
  { words: 'returned status', isInside: true, kind: 'warning' },
  { words: 'smfi_', isInside: true, kind: 'error' },
  { words: 'failed', isInside: true, kind: 'warning' },
  { words: '(): ', isInside: true, kind: 'error' },
];

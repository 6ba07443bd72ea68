// OpenDKIM: `QID: s=selector d=domain a=rsa-sha256 SSL …`, signed, verified, or not for us to sign.
import type { EventKind, MailEvent } from '../../protocol/mail-event.ts';
import { type Form, readBracketedAddress, readForms } from '../words.ts';
import { skipMilterQueueId } from './queue-id.ts';

/** What is said of a message, by words anywhere in it. */
const results: ReadonlyArray<readonly [words: string, action: string, kind: EventKind]> = [
  ['DKIM-Signature field added', 'signed', 'verdict'],
  ['DKIM-Signature header added', 'signed', 'verdict'],
  ['DKIM verification successful', 'pass', 'verdict'],
  ['no signature error', 'pass', 'verdict'],
  ['bad signature data', 'fail', 'verdict'],
  ['signature verification failed', 'fail', 'verdict'],
  ['no signature data', 'none', 'verdict'],
  ['key revoked', 'permerror', 'verdict'],
  ['key retrieval failed', 'temperror', 'verdict'],
  ['signature processing failed', 'permerror', 'verdict'],
  ['signature expired', 'fail', 'verdict'],
  ['no valid key', 'permerror', 'verdict'],
  ['external host ', 'unsigned', 'verdict'],
  [' not internal', 'unsigned', 'verdict'],
  ['not authenticated', 'unsigned', 'verdict'],
  ['no MTA name match', 'unsigned', 'verdict'],
  ['no macros match', 'unsigned', 'verdict'],
  ['no signing domain match', 'unsigned', 'verdict'],
  ['no signing table match', 'unsigned', 'verdict'],
  ['no signing keylist match', 'unsigned', 'verdict'],
  ['no signing subdomain match', 'unsigned', 'verdict'],
  ['no sender header found', 'unsigned', 'verdict'],
  ["can't parse From", 'permerror', 'verdict'],
  ['SSL error:', 'fail', 'verdict'],
  [' SSL ', 'pass', 'verdict'],
  ['rejected per policy', 'reject', 'verdict'],
];

export function parseOpenDkim(line: string, start: number, event: MailEvent): boolean {
  const at = skipMilterQueueId(line, start, event);
  if (readForms(forms, line, at, event)) return true;
  const text = line.slice(at);
  // A name or address of the client stands in front of some of them.
  const known =
    results.find(([words]) => text.includes(words)) ?? (/\bs=\S+ d=\S+/.test(text.slice(0, 512)) ? passed : undefined);
  if (known === undefined) {
    if (event.queueId === undefined) return false;
    event.kind = 'info';
    event.reason = text;
    return true;
  }
  const [, action, kind] = known;
  event.kind = kind;
  event.action = action;
  event.reason = text;
  if (action === 'unsigned') {
    const open = line.indexOf(' [', at);
    if (readBracketedAddress(line, at, event) > 0 && open > at) {
      const name = line.slice(at, open);
      event.clientHost = name.slice(name.lastIndexOf(' ') + 1);
    }
  }
  return true;
}

const passed = ['', 'pass', 'verdict'] as const;

const forms: readonly Form[] = [
  { words: 'OpenDKIM Filter', kind: 'lifecycle' },
  { words: 'terminating with status', kind: 'lifecycle' },
  { words: 'configuration reloaded', kind: 'lifecycle' },
  { words: 'additional trust anchor', kind: 'lifecycle' },
  { words: 'cache: ', kind: 'statistics' },
  { words: 'finished: ', kind: 'lifecycle' },
  { words: 'exited with status', kind: 'lifecycle' },
  { words: 'key data is not secure', isInside: true, kind: 'warning' },
  { words: ' can be read or written by other users', isInside: true, kind: 'warning' },
  { words: "can't load key from", isInside: true, kind: 'error' },
  { words: 'error loading key', isInside: true, kind: 'error' },
  { words: 'smfi_', isInside: true, kind: 'error' },
  { words: 'dkimf_db_', isInside: true, kind: 'error' },
  { words: 'dkim_eoh(): ', isInside: true, kind: 'error' },
  { words: 'dkim_eom(): ', isInside: true, kind: 'error' },
  { words: 'resource unavailable', isInside: true, kind: 'error' },
  { words: 'ignoring ', kind: 'info' },
];

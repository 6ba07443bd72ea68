// What the benchmark adds up from parsed lines: the same names as the generator's truth.
import { closeSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createLineReader } from '../../services/cli/line-reader.ts';
import { createLineParser } from '../../services/logs/parse.ts';
import type { MailEvent } from '../../services/protocol/mail-event.ts';
import { keepMiddleCompiler } from '../../services/runtime/compiler.ts';
import { type Tally, tallies } from './generate-terms.ts';

export type ParseTotals = {
  readonly lines: number;
  readonly queuedBytes: number;
  readonly counts: Readonly<Record<Tally, number>>;
  /** From opening the file to the last total. */
  readonly elapsedMs: number;
  readonly peakRssMiB: number;
};

const readBytes = 64 * 1024;

/** Reads the file, parses every line whole, adds up, under the compiler that `mailward parse` chooses too. */
export function parseTotals(path: string, now: number): ParseTotals {
  const startedAt = performance.now();
  keepMiddleCompiler();
  const counts = Object.fromEntries(tallies.map((name) => [name, 0])) as Record<Tally, number>;
  const parser = createLineParser({ now, timeZone: 'UTC' });
  let lines = 0;
  let queuedBytes = 0;
  const reader = createLineReader((line) => {
    const event = parser.parse(line);
    lines++;
    counts[tallyOf(event)]++;
    if (event.kind === 'queued') queuedBytes += event.size ?? 0;
  });
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(readBytes);
  for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer))
    reader.push(buffer.subarray(0, count));
  reader.end();
  closeSync(file);
  const elapsedMs = performance.now() - startedAt;
  return { lines, queuedBytes, counts, elapsedMs, peakRssMiB: process.resourceUsage().maxRSS / 1024 };
}

function tallyOf(event: MailEvent): Tally {
  const isDovecot = event.software === 'dovecot';
  switch (event.kind) {
    case 'connect':
      return isDovecot ? 'lmtpConnection' : 'connect';
    case 'disconnect':
      return isDovecot ? 'lmtpConnection' : 'disconnect';
    case 'client':
      return event.saslUser === undefined ? 'client' : 'clientSasl';
    case 'delivery':
      return event.status === 'sent' || event.status === 'deferred' || event.status === 'bounced'
        ? event.status
        : 'other';
    case 'auth-failure':
      return isDovecot ? 'imapFailed' : 'saslFailed';
    default:
      return tallyByKind[event.kind] ?? 'other';
  }
}

const tallyByKind: Partial<Record<MailEvent['kind'], Tally>> = {
  pickup: 'pickup',
  'message-id': 'messageId',
  queued: 'queued',
  expired: 'expired',
  'bounce-notice': 'bounceNotice',
  removed: 'removed',
  reject: 'reject',
  'connection-lost': 'lostConnection',
  tls: 'tls',
  postscreen: 'postscreen',
  statistics: 'statistics',
  login: 'imapLogin',
  logout: 'imapLogout',
  'mailbox-delivery': 'lmtpSaved',
  sieve: 'sieve',
  'mailbox-action': 'mailboxAction',
};

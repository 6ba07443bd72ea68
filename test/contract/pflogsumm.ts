// pflogsumm(1) as the other witness: what it prints for a log, read back into numbers.
import { execFileSync } from 'node:child_process';

/** As pflogsumm prints it: exact up to 512 Ki, cut to whole Ki or Mi above. */
export type Printed = { readonly value: number; readonly unit: number };
export type PflogsummTotals = Readonly<Record<string, Printed>>;

const program = 'pflogsumm';
const unitOf: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };
const outputBytesMax = 64 * 1024 * 1024;

/** The labels of its grand totals, under the names of ours. */
const labels: Readonly<Record<string, string>> = {
  received: 'received',
  delivered: 'delivered',
  forwarded: 'forwarded',
  deferred: 'deferred',
  bounced: 'bounced',
  rejected: 'rejected',
  'reject warnings': 'rejectWarnings',
  held: 'held',
  discarded: 'discarded',
  'bytes received': 'bytesReceived',
  'bytes delivered': 'bytesDelivered',
  senders: 'senders',
  'sending hosts/domains': 'sendingDomains',
  recipients: 'recipients',
  'recipient hosts/domains': 'recipientDomains',
};

export function hasPflogsumm(): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @throws when the program is not there. */
export function runPflogsumm(path: string): PflogsummTotals {
  const text = execFileSync(program, [path], {
    encoding: 'utf8',
    maxBuffer: outputBytesMax,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const totals: Record<string, Printed> = {};
  const grand = text.slice(0, text.indexOf('Per-Hour Traffic'));
  for (const [, value, unit = '', label = ''] of grand.matchAll(/^ +(\d+)([km]?) +(\w[\w /]*\w)/gm)) {
    const name = labels[label];
    if (name !== undefined) totals[name] = { value: Number(value), unit: unitOf[unit] ?? 1 };
  }
  totals.deferrals = { value: Number(/\((\d+)[ km]* +deferrals\)/.exec(grand)?.[1] ?? 0), unit: 1 };
  totals.warnings = { value: sumOf(text, 'Warnings', 'Fatal Errors'), unit: 1 };
  totals.fatals = { value: sumOf(text, 'Fatal Errors', 'Panics'), unit: 1 };
  totals.panics = { value: sumOf(text, 'Panics', 'Master daemon messages'), unit: 1 };
  return totals;
}

/** These have no grand total: the sum over the daemons of a section. */
function sumOf(text: string, title: string, next: string): number {
  const start = text.search(new RegExp(`^${title}\\b`, 'm'));
  const end = text.slice(start + 1).search(new RegExp(`^${next}\\b`, 'm'));
  let sum = 0;
  for (const [, total] of text.slice(start, start + 1 + end).matchAll(/^ {2}\S+ \(total: (\d+)\)$/gm))
    sum += Number(total);
  return sum;
}

// The totals of a report and those of pflogsumm(1) on the same file. They are equal but for what stands in `differences`:
// each with its reason, and its amount counted from the lines by other means than the report's.
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLineParser } from '../../services/logs/parse.ts';
import { createReport } from '../../services/logs/report.ts';
import type { ReportTotals } from '../../services/protocol/report.ts';
import { generateDefaults, generateLog } from '../bench/generate-log.ts';
import { hasPflogsumm, type PflogsummTotals, runPflogsumm } from './pflogsumm.ts';

const labLogs = resolve(import.meta.dirname, '../../../shared/data/lab-logs/trad');
const generatedLines = 200_000;

type Difference = {
  readonly total: keyof ReportTotals;
  readonly because: string;
  /** What is added to our total to come to theirs. */
  readonly amount: (lines: readonly string[]) => number;
};
const count = (lines: readonly string[], pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;

const toFilter =
  /(?:^| )postfix\S*\/smtp\[\d+\]: (\w+): to=.* relay=[^,]*\[(?:127\.|::1)[^,]*, .* status=sent \(.*queued as /;

const differences: readonly Difference[] = [
  {
    total: 'delivered',
    because:
      'pflogsumm counts the hand-over to a filter of the same machine as a delivery; here it is a step on the way.',
    amount: (lines) => count(lines, toFilter),
  },
  {
    total: 'bytesDelivered',
    because: 'The same hand-overs, with the size of their messages.',
    amount: (lines) => {
      const sizes = new Map(
        lines.flatMap((line) => {
          const [, id, size] = /: (\w+): from=<.*>, size=(\d+), nrcpt=/.exec(line) ?? [];
          return id === undefined ? [] : [[id, Number(size)] as const];
        }),
      );
      return lines.reduce((sum, line) => sum + (sizes.get(toFilter.exec(line)?.[1] ?? '') ?? 0), 0);
    },
  },
  {
    total: 'rejected',
    because: 'pflogsumm passes over what a milter has smtpd reject (`milter-reject:`) before the end of the message.',
    amount: (lines) => -count(lines, /smtpd\[\d+\]: \w+: milter-reject: /),
  },
  {
    total: 'sendingDomains',
    because:
      "A message without a sender counts under its client. pflogsumm cuts the client's name down to what it takes for a domain, and so counts several hosts as one, or as a domain that also sends.",
    amount: (lines) => distinctSendingDomains(lines, cutAsPflogsumm) - distinctSendingDomains(lines, (host) => host),
  },
  {
    total: 'warnings',
    because: 'A failed sign-in is a warning to pflogsumm; here it is counted among the failed sign-ins alone.',
    amount: (lines) => count(lines, /postfix\S*: warning: \S+: SASL \S+ authentication failed/),
  },
  {
    total: 'warnings',
    because: 'pflogsumm reads Postfix alone; Dovecot warns too.',
    amount: (lines) => -count(lines, / dovecot: (?:\S+: )?Warning: /),
  },
  {
    total: 'fatals',
    because: 'pflogsumm reads Postfix alone; Dovecot ends with fatal errors too.',
    amount: (lines) => -count(lines, / dovecot: (?:\S+: )?Fatal: /),
  },
];

/** Senders' domains of the messages that pflogsumm counts, by its rule, with the client's name cut by `cut`. */
function distinctSendingDomains(lines: readonly string[], cut: (host: string) => string): number {
  const clients = new Map<string, string>();
  const domains = new Set<string>();
  for (const line of lines) {
    const client = /postfix\/(?:submission\/)?smtpd\[\d+\]: (\w+): client=([^[]+)\[([^\]]+)\]/.exec(line);
    const pickup = /postfix\/pickup\[\d+\]: (\w+): uid=/.exec(line);
    if (client !== null)
      clients.set(client[1] ?? '', client[2] === 'unknown' ? (client[3] ?? '') : cut(client[2] ?? ''));
    else if (pickup !== null) clients.set(pickup[1] ?? '', '');
    const [, id = '', from = ''] = /: (\w+): from=<([^>]*)>, size=/.exec(line) ?? [];
    const host = clients.get(id);
    if (host === undefined) continue;
    clients.delete(id);
    domains.add(from.includes('@') ? from.slice(from.lastIndexOf('@') + 1).toLowerCase() : host || from);
  }
  return domains.size;
}

/** `mail3.example.com` → `example.com`, for the endings that it knows as short (gimme_domain). */
const cutAsPflogsumm = (host: string): string =>
  host.replace(/^.*\.([^.]+)\.([^.]{3}|[^.]{2,3}\.[^.]{2})$/, '$1.$2').toLowerCase();

function ourTotals(text: string): ReportTotals {
  const parser = createLineParser({ now: Date.now(), timeZone: 'UTC' });
  const report = createReport({ timeZone: 'UTC' });
  for (const line of text.split('\n')) if (line !== '') report.add(parser.parse(line));
  return report.result().totals;
}

/** Differences that made one so far. */
const seen = new Set<Difference>();

/** Theirs in the precision that they print, ours with every difference added, in the same precision. */
function compare(path: string): {
  theirs: Record<string, number>;
  explained: Record<string, number>;
  totals: ReportTotals;
} {
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const totals = ourTotals(text);
  const printed: PflogsummTotals = runPflogsumm(path);
  const theirs: Record<string, number> = {};
  const explained: Record<string, number> = {};
  for (const [name, { value, unit }] of Object.entries(printed)) {
    let added = 0;
    for (const difference of differences) {
      const amount = difference.total === name ? difference.amount(lines) : 0;
      if (amount !== 0) seen.add(difference);
      added += amount;
    }
    theirs[name] = value;
    explained[name] = Math.floor((totals[name as keyof ReportTotals] + added) / unit);
  }
  return { theirs, explained, totals };
}

/** Without them these tests prove nothing: where they must be, that is a failure. */
const mustHave = process.env.CI === 'true';
const totalsCompared = 19;

describe.skipIf(!hasPflogsumm() && !mustHave)('beside pflogsumm (skipped where the program is missing)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailward-pflogsumm-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the totals of a generated log are the same', () => {
    const path = join(folder, 'mail.log');
    const file = openSync(path, 'w');
    const truth = generateLog({ ...generateDefaults, lines: generatedLines }, (chunk) => {
      writeSync(file, chunk);
    });
    closeSync(file);
    const { theirs, explained, totals } = compare(path);
    expect(Object.keys(theirs)).toHaveLength(totalsCompared);
    expect(explained).toEqual(theirs);
    expect(totals).toMatchObject({
      lines: truth.lines,
      deferrals: truth.counts.deferred,
      bounced: truth.counts.bounced,
    });
    expect(totals.received).toBeGreaterThan(10_000);
  });

  describe.skipIf(!existsSync(labLogs) && !mustHave)(
    'on the logs of the lab (skipped where ../shared/data is missing)',
    () => {
      const names = existsSync(labLogs) ? readdirSync(labLogs).filter((name) => name.endsWith('.log')) : ['(none)'];
      test.each(names)('%s', (name) => {
        const { theirs, explained } = compare(join(labLogs, name));
        expect(explained).toEqual(theirs);
      });
      test('every difference of the table occurs in these logs', () => {
        expect(differences.filter((difference) => !seen.has(difference)).map(({ because }) => because)).toEqual([]);
      });
    },
  );
});

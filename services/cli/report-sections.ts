// A report as titles, columns and cells: one content for the terminal, for HTML and for mail.
import type { Report } from '../protocol/report.ts';

export type Cell = string;
export type Section = {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
};
export type ReportText = {
  readonly title: string;
  /** Whole sentences under the title. */
  readonly notes: readonly string[];
  readonly totals: readonly (readonly [label: string, value: string, remark?: string])[];
  readonly sections: readonly Section[];
};

type Table = {
  readonly rows: readonly (Readonly<Record<string, number | string>> & { readonly name: string })[];
  readonly other: Readonly<Record<string, number>>;
  readonly names: number;
  readonly atLeast: boolean;
};

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1, minimumFractionDigits: 1 });

/** `completeness` is what control says of the lines behind the report; absent for files. */
export function describeReport(
  report: Report,
  completeness?: { readonly complete: boolean; readonly sentence: string },
): ReportText {
  const { totals } = report;
  const scope = report.domain === undefined ? '' : ` of ${report.domain}`;
  const isExact = !Object.values(report).some((part) => isTable(part) && part.atLeast);
  return {
    title: `Mail report${scope}`,
    notes: [
      `${intervalOf(report)} Times are of ${report.timeZone}.`,
      ...(totals.lines === 0 ? ['No log line is of this time.'] : []),
      ...(totals.unparsed === 0
        ? []
        : [`${whole.format(totals.unparsed)} of ${whole.format(totals.lines)} lines were not understood.`]),
      ...(report.domain === undefined
        ? []
        : ['Warnings, errors and panics belong to no domain and are left out; lines are counted of all mail.']),
      ...(totals.deliveredWithoutSize === 0
        ? []
        : [
            `The size of ${whole.format(totals.deliveredWithoutSize)} deliveries is not known: their messages began before the first line.`,
          ]),
      ...(isExact ? [] : ['There were more names than are held: counts of distinct names are lower bounds.']),
      ...(completeness === undefined || completeness.complete
        ? []
        : [`The log may not tell all of it: ${completeness.sentence}`]),
    ],
    totals: describeTotals(report),
    sections: describeTables(report).filter(({ rows }) => rows.length > 0),
  };
}

function describeTotals({ totals }: Report): ReportText['totals'] {
  const count = (label: string, value: number, remark?: string) =>
    remark === undefined ? ([label, whole.format(value)] as const) : ([label, whole.format(value), remark] as const);
  const some = (label: string, value: number) => (value === 0 ? [] : [count(label, value)]);
  return [
    count('received', totals.received, byteText(totals.bytesReceived)),
    count('delivered', totals.delivered, byteText(totals.bytesDelivered)),
    ...some('forwarded', totals.forwarded),
    ...some('handed to a filter', totals.filtered),
    count('deferred', totals.deferred, `${whole.format(totals.deferrals)} attempts`),
    count('bounced', totals.bounced),
    ...some('expired', totals.expired),
    count('rejected', totals.rejected),
    ...some('reject warnings', totals.rejectWarnings),
    ...some('held', totals.held),
    ...some('discarded', totals.discarded),
    count('senders', totals.senders, `of ${whole.format(totals.sendingDomains)} hosts and domains`),
    count('recipients', totals.recipients, `of ${whole.format(totals.recipientDomains)} domains`),
    count('failed sign-ins', totals.authFailures),
    ...some('warnings', totals.warnings),
    ...some('errors', totals.errors),
    ...some('fatal errors', totals.fatals),
    ...some('panics', totals.panics),
  ];
}

function describeTables(report: Report): Section[] {
  const traffic = ['received', 'delivered', 'deferred', 'bounced', 'rejected'];
  const mail = ['messages', 'bytes'];
  const delivery = ['delivered', 'bytes', 'deferred', 'bounced', 'mean delay', 'longest delay'];
  const hours = report.byHour.map((row, hour) => ({ name: `${String(hour).padStart(2, '0')}:00`, ...row }));
  const busyHours = hours.filter((row) => traffic.some((column) => (row as Record<string, unknown>)[column] !== 0));
  const counted = (title: string, table: Table, what: string) => section(title, table, ['count'], what);
  return [
    section('Traffic by day', report.byDay, traffic, 'day'),
    section(
      'Traffic by hour of the day',
      { rows: busyHours, other: {}, names: busyHours.length, atLeast: false },
      traffic,
      'hour',
    ),
    section('Delivery by provider', report.providers, delivery, 'provider'),
    section('Delivery by domain', report.domains, delivery, 'domain'),
    section('Senders', report.senders, mail, 'sender'),
    section('Sending hosts and domains', report.sendingDomains, mail, 'host or domain'),
    section('Recipients', report.recipients, mail, 'recipient'),
    section('Clients', report.clients, ['messages', 'bytes', 'rejected'], 'client'),
    section('Users that sent over SASL', report.saslUsers, mail, 'user'),
    counted('Rejected because', report.rejectReasons, 'reason'),
    counted('Warned, not rejected, because', report.rejectWarningReasons, 'reason'),
    counted('Deferred because', report.deferralReasons, 'reason'),
    counted('Bounced because', report.bounceReasons, 'reason'),
    counted('Held because', report.heldReasons, 'reason'),
    counted('Discarded because', report.discardReasons, 'reason'),
    counted('Failed sign-ins by user', report.authFailuresByUser, 'user'),
    counted('Failed sign-ins by address', report.authFailuresByAddress, 'address'),
    counted('Warnings', report.warnings, 'daemon and words'),
    counted('Errors, fatals and panics', report.failures, 'daemon and words'),
  ];
}

/** The numbers first, the name last: names may be long. */
function section(title: string, table: Table, columns: readonly string[], what: string): Section {
  const cells = (row: Readonly<Record<string, number | string>>): Cell[] =>
    columns.map((column) => cellOf(row, column));
  const rows = table.rows.map((row) => [...cells(row), row.name]);
  const more = table.names - table.rows.length;
  const hasOther = Object.values(table.other).some((value) => value !== 0);
  if (hasOther)
    rows.push([...cells(table.other), `other (${table.atLeast ? 'at least ' : ''}${whole.format(more)} more)`]);
  return { title, columns: [...columns, what], rows };
}

function cellOf(row: Readonly<Record<string, number | string>>, column: string): Cell {
  const value = (name: string): number => Number(row[name] ?? 0);
  if (column === 'bytes') return byteText(value('bytes'));
  if (column === 'longest delay') return delayText(value('delayMaxMs'), value('delivered'));
  if (column === 'mean delay') return delayText(value('delayMs') / Math.max(1, value('delivered')), value('delivered'));
  return whole.format(value(column));
}

function delayText(delayMs: number, delivered: number): string {
  if (delivered === 0) return '-';
  const seconds = delayMs / 1000;
  if (seconds < 120) return `${tenth.format(seconds)} s`;
  return seconds < 7200 ? `${tenth.format(seconds / 60)} min` : `${tenth.format(seconds / 3600)} h`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function byteText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(value) : tenth.format(value)} ${units[unit]}`;
}

/** A minute is enough to say when. */
function intervalOf({ since, until, firstAt, lastAt, timeZone }: Report): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const from = since ?? firstAt;
  // `until` is the last millisecond; people name the minute after it.
  const to = until === undefined ? lastAt : until + 1;
  if (from === undefined || to === undefined) return 'The interval is open.';
  return `From ${format.format(from)} to ${format.format(to)}.`;
}

const isTable = (part: unknown): part is Table => typeof part === 'object' && part !== null && 'atLeast' in part;

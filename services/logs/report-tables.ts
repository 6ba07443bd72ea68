// The tables of a report.
import type { Report } from '../protocol/report.ts';
import { createReportTable } from './report-table.ts';

/** Names that one table holds. */
export const reportNamesMax = {
  /** Addresses, domains, clients and users: distinct ones are counted exactly up to here. */
  names: 50_000,
  reasons: 5_000,
  days: 400,
} as const;

const trafficColumns = ['received', 'delivered', 'deferred', 'bounced', 'rejected'] as const;
export type Traffic = (typeof trafficColumns)[number];

export const createHours = (): Record<Traffic, number>[] =>
  Array.from({ length: 24 }, () => ({ received: 0, delivered: 0, deferred: 0, bounced: 0, rejected: 0 }));

export type ReportTables = ReturnType<typeof createReportTables>;

export function createReportTables() {
  const { names, reasons, days } = reportNamesMax;
  const mail = () => createReportTable(['messages', 'bytes'] as const, names);
  const deliveries = () =>
    createReportTable(
      ['delivered', 'bytes', 'deferred', 'bounced', 'delayMs', 'delayMaxMs'] as const,
      names,
      // Who refuses everything must not be hidden below who takes a little.
      ['delivered', 'deferred', 'bounced'],
    );
  const counted = (namesMax: number) => createReportTable(['count'] as const, namesMax);
  return {
    byDay: createReportTable(trafficColumns, days),
    providers: deliveries(),
    domains: deliveries(),
    senders: mail(),
    sendingDomains: mail(),
    recipients: mail(),
    clients: createReportTable(['messages', 'bytes', 'rejected'] as const, names, ['messages', 'rejected']),
    saslUsers: mail(),
    rejectReasons: counted(reasons),
    rejectWarningReasons: counted(reasons),
    deferralReasons: counted(reasons),
    bounceReasons: counted(reasons),
    heldReasons: counted(reasons),
    discardReasons: counted(reasons),
    authFailuresByUser: counted(names),
    authFailuresByAddress: counted(names),
    warnings: counted(reasons),
    failures: counted(reasons),
  };
}

type TableName = keyof ReportTables;

/** What each table lists; the days all of them, in their order. */
export function tableResults(tables: ReportTables, rowsMax: number): Pick<Report, TableName> {
  const days = tables.byDay.result(reportNamesMax.days);
  return {
    byDay: { ...days, rows: days.rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
    providers: tables.providers.result(rowsMax),
    domains: tables.domains.result(rowsMax),
    senders: tables.senders.result(rowsMax),
    sendingDomains: tables.sendingDomains.result(rowsMax),
    recipients: tables.recipients.result(rowsMax),
    clients: tables.clients.result(rowsMax),
    saslUsers: tables.saslUsers.result(rowsMax),
    rejectReasons: tables.rejectReasons.result(rowsMax),
    rejectWarningReasons: tables.rejectWarningReasons.result(rowsMax),
    deferralReasons: tables.deferralReasons.result(rowsMax),
    bounceReasons: tables.bounceReasons.result(rowsMax),
    heldReasons: tables.heldReasons.result(rowsMax),
    discardReasons: tables.discardReasons.result(rowsMax),
    authFailuresByUser: tables.authFailuresByUser.result(rowsMax),
    authFailuresByAddress: tables.authFailuresByAddress.result(rowsMax),
    warnings: tables.warnings.result(rowsMax),
    failures: tables.failures.result(rowsMax),
  };
}

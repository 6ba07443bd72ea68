// One table of a report: what leads, and the rest in one row.

import type { ReportWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { Link } from '../../parts/scoped-link.tsx';
import { Inert } from '../../parts/text.tsx';
import { paths } from '../../paths.ts';
import type { ReportColumn, ReportTableName } from '../../words/report-words.ts';

/** Columns of numbers; the word that finds a row's messages, where there is one. */
const shapes: Readonly<Record<ReportTableName, { readonly columns: readonly ReportColumn[]; readonly find?: string }>> =
  {
    byDay: { columns: ['received', 'delivered', 'deferred', 'bounced', 'rejected'] },
    providers: { columns: ['delivered', 'bytes', 'deferred', 'bounced', 'meanDelay', 'longestDelay'] },
    domains: { columns: ['delivered', 'bytes', 'deferred', 'bounced', 'meanDelay', 'longestDelay'], find: 'to:@' },
    rejectReasons: { columns: ['count'] },
    deferralReasons: { columns: ['count'] },
    bounceReasons: { columns: ['count'] },
    senders: { columns: ['messages', 'bytes'], find: 'from:' },
    sendingDomains: { columns: ['messages', 'bytes'] },
    recipients: { columns: ['messages', 'bytes'], find: 'to:' },
    clients: { columns: ['messages', 'bytes', 'rejected'] },
    saslUsers: { columns: ['messages', 'bytes'] },
    authFailuresByUser: { columns: ['count'] },
    authFailuresByAddress: { columns: ['count'] },
    rejectWarningReasons: { columns: ['count'] },
    heldReasons: { columns: ['count'] },
    discardReasons: { columns: ['count'] },
    warnings: { columns: ['count'] },
    failures: { columns: ['count'] },
  };
export const reportTableNames = Object.keys(shapes) as readonly ReportTableName[];

type Row = Readonly<Record<string, number | string>>;
const charactersMax = 140;
/** An address or a domain that the search takes as one word. */
const isWord = (name: string): boolean => /^[^\s"<>\\]+$/.test(name) && name.includes('.');

export function ReportTable({
  name,
  report,
  rangeParams,
}: {
  readonly name: ReportTableName;
  readonly report: ReportWire;
  readonly rangeParams: Readonly<Record<string, string>>;
}) {
  const { words, format } = useConsole();
  const { columns, find } = shapes[name];
  const table = report[name];
  const rest = table.names - table.rows.length;
  const value = (row: Row, column: string): number => Number(row[column] ?? 0);
  const cell = (row: Row, column: ReportColumn): string => {
    if (column === 'bytes') return format.bytes(value(row, 'bytes'));
    if (column !== 'meanDelay' && column !== 'longestDelay') return format.integer(value(row, column));
    const delivered = value(row, 'delivered');
    if (delivered === 0) return '–';
    return format.duration(column === 'longestDelay' ? value(row, 'delayMaxMs') : value(row, 'delayMs') / delivered);
  };
  const numbers = (row: Row) =>
    columns.map((column) => (
      <td className="number" key={column}>
        {cell(row, column)}
      </td>
    ));
  return (
    <section aria-labelledby={`report-${name}`} className={columns.length > 3 ? 'many-columns' : undefined}>
      <div className="section-head">
        <h2 id={`report-${name}`}>{words.report.tables[name]}</h2>
      </div>
      <table className="report">
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" className="number" key={column}>
                {words.report.columns[column]}
              </th>
            ))}
            <th scope="col">{words.report.columns.name}</th>
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr key={row.name} data-row={find === undefined ? undefined : ''}>
              {numbers(row)}
              <td className="report-name">
                {find === undefined || !isWord(row.name) ? (
                  <Inert text={row.name} charactersMax={charactersMax} />
                ) : (
                  <Link to={paths.messages({ q: `${find}${row.name}`, ...rangeParams })}>
                    <Inert text={row.name} charactersMax={charactersMax} />
                  </Link>
                )}
              </td>
            </tr>
          ))}
          {rest > 0 ? (
            <tr className="muted">
              {numbers(table.other)}
              <td className="report-name">{words.report.other(format.integer(rest), table.atLeast)}</td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </section>
  );
}

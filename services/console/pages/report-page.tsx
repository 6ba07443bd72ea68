// What mail did over a range of time, for all or for one domain: the totals, then who and why.
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { api } from '../api/client.ts';
import { useResource } from '../api/resource.ts';
import { useConsole } from '../parts/console-context.ts';
import { CopyLink, RangePicker } from '../parts/range-picker.tsx';
import { DataAge, Failure, HoleNotice, Notice } from '../parts/text.tsx';
import { paths } from '../paths.ts';
import { fixRange, rangeParams, readRange } from '../time-range.ts';
import type { ReportTotal } from '../words/report-words.ts';
import { ReportTable, reportTableNames } from './report/report-table.tsx';

const rowsShown = 20;
/** These are always said; what is zero of the rest is left out. */
const alwaysShown: ReadonlySet<ReportTotal> = new Set(['received', 'delivered', 'deferred', 'bounced', 'rejected']);

export function ReportPage() {
  const { words, format } = useConsole();
  const [search, setSearch] = useSearchParams();
  const range = readRange(search, '24h');
  // Both ends are fixed when the report is asked for: it reads every line again, so it is not drawn anew by itself.
  const query = useMemo(() => {
    const asked = fixRange(readRange(search, '24h'), Date.now());
    const { since, until } = rangeParams(asked);
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return { since, until, domain: search.get('domain')?.trim() || undefined, timeZone, rows: rowsShown };
  }, [search]);
  const resource = useResource(JSON.stringify(query), 0, (signal) => api.report(query, signal));
  const { data } = resource;
  const setParams = (params: Readonly<Record<string, string | undefined>>): void => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(params)) {
      if (value === undefined || value === '') next.delete(name);
      else next.set(name, value);
    }
    setSearch(next, { replace: true });
  };
  const linked = Object.fromEntries(
    Object.entries(rangeParams(range)).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const totalNames = Object.keys(words.report.totalNames) as readonly ReportTotal[];

  return (
    <>
      <div className="page-head">
        <h1>{words.report.title}</h1>
        <RangePicker range={range} onChange={(next) => setParams(rangeParams(next))} />
        <CopyLink path={paths.report()} range={range} />
        <DataAge readAt={resource.readAt} />
      </div>
      <HoleNotice completeness={data?.completeness} />
      {resource.error === undefined ? null : <Failure error={resource.error} retry={() => location.reload()} />}
      {data === undefined ? (
        <p role="status">{resource.error === undefined ? words.loading : ''}</p>
      ) : data.report.totals.lines === 0 ? (
        <Notice title={words.report.empty}>
          <p>{words.report.emptyText}</p>
        </Notice>
      ) : (
        <>
          <section aria-labelledby="report-totals">
            <div className="section-head">
              <h2 id="report-totals">{words.report.totals}</h2>
            </div>
            <dl className="report-totals">
              {totalNames
                .filter((name) => alwaysShown.has(name) || data.report.totals[name] > 0)
                .map((name) => (
                  <div key={name}>
                    <dt>{words.report.totalNames[name]}</dt>
                    <dd>
                      {format.integer(data.report.totals[name])}
                      {name === 'received' || name === 'delivered' ? (
                        <span className="muted small">
                          {' '}
                          {format.bytes(data.report.totals[name === 'received' ? 'bytesReceived' : 'bytesDelivered'])}
                        </span>
                      ) : null}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
          {data.report.domain === undefined ? null : <p className="muted small">{words.report.scoped}</p>}
          <div className="report-tables">
            {reportTableNames
              .filter((name) => data.report[name].rows.length > 0)
              .map((name) => (
                <ReportTable key={name} name={name} report={data.report} rangeParams={linked} />
              ))}
          </div>
        </>
      )}
    </>
  );
}

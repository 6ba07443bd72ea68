// The first screen: one sentence of state, the nodes, what flows, and whether the log is whole.
import { useSearchParams } from 'react-router';
import { api } from '../api/client.ts';
import { useResource } from '../api/resource.ts';
import { useRevision } from '../live/revision.ts';
import { useConsole } from '../parts/console-context.ts';
import { SeverityShape } from '../parts/marks.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { useScope } from '../parts/scoped-link.tsx';
import { DataAge, Failure } from '../parts/text.tsx';
import { type LastKey, lastDurationsMs, readRange, withRange } from '../time-range.ts';
import { visible } from '../visible.ts';
import { CompletenessSection } from './overview/completeness-section.tsx';
import { FlowSection } from './overview/flow-section.tsx';
import { NodesSection } from './overview/nodes-section.tsx';

const refreshMs = 5000;
const windowKeys: readonly LastKey[] = ['15m', '1h', '6h', '24h', '7d'];

export function OverviewPage() {
  const { words } = useConsole();
  const [search, setSearch] = useSearchParams();
  const asked = readRange(search, '1h');
  const range = asked.kind === 'last' ? asked : ({ kind: 'last', key: '1h' } as const);
  const windowMs = lastDurationsMs[range.key];
  const revision = useRevision(refreshMs);
  const domain = useScope();
  const query = { windowMs, domain };
  const overview = useResource(JSON.stringify(query), revision, (signal) => api.overview(query, signal));
  const { data } = overview;

  const sentence = (): string => {
    if (data === undefined) return words.loading;
    const { code, severity, args } = data.sentence;
    const inertArgs = Object.fromEntries(
      Object.entries(args).map(([name, value]) => [name, typeof value === 'string' ? visible(value, 200) : value]),
    );
    return words.overview.sentences[code]?.(inertArgs) ?? words.overview.fallback[severity];
  };

  return (
    <>
      <div className="state-head">
        <h1 role="status">
          {data === undefined ? null : <SeverityShape severity={data.sentence.severity} sizePx={20} />}
          <span>{sentence()}</span>
        </h1>
        <div className="page-head">
          <RangePicker
            range={range}
            custom={false}
            keys={windowKeys}
            onChange={(next) => setSearch(withRange(search, next))}
          />
          <DataAge readAt={overview.readAt} />
        </div>
      </div>
      {overview.error !== undefined && data === undefined ? (
        <Failure error={overview.error} retry={() => location.reload()} />
      ) : null}
      {data === undefined ? null : (
        <>
          <NodesSection overview={data} />
          <FlowSection overview={data} rangeKey={range.key} />
          <CompletenessSection completeness={data.completeness} />
        </>
      )}
    </>
  );
}

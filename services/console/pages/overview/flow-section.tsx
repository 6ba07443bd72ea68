// What flows: four charts that share one pointer, their totals as links to the messages behind them, and the same as a table.
import { useMemo, useState } from 'react';
import type { OverviewWire } from '../../../protocol/wire.ts';
import { holesOf } from '../../charts/holes.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { useConsole } from '../../parts/console-context.ts';
import { Link, useScopedNavigate } from '../../parts/scoped-link.tsx';
import { Instant } from '../../parts/text.tsx';
import { paths, type ViewParams } from '../../paths.ts';
import { type LastKey, lastDurationsMs, lastKeys, spanText } from '../../time-range.ts';
import type { Fate } from '../../words/words.ts';

type CountName = 'accepted' | 'delivered' | 'deferred' | 'bounced' | 'rejected';
const charted = ['accepted', 'delivered', 'deferred'] as const satisfies readonly CountName[];
const fateOf: Readonly<Record<CountName, Fate | undefined>> = {
  accepted: undefined,
  delivered: 'delivered',
  deferred: 'deferred',
  bounced: 'bounced',
  rejected: 'rejected',
};

type Flow = ReturnType<typeof useFlow>;

function useFlow(overview: OverviewWire) {
  return useMemo(
    () => ({
      times: overview.flow.map((point) => Date.parse(point.time)),
      until: Date.parse(overview.now),
      holes: holesOf(overview.completeness),
    }),
    [overview],
  );
}

function Tile(props: {
  readonly title: string;
  readonly unit: string;
  readonly total: string;
  readonly to: string;
  readonly tone: string;
  readonly values: ReadonlyArray<number | null>;
  readonly say: (value: number) => string;
  readonly kind: 'bars' | 'line';
  readonly flow: Flow;
  readonly stepMs: number;
  readonly open: (params: ViewParams) => void;
}) {
  const { format } = useConsole();
  const [index, setIndex] = useState<number>();
  const at = index === undefined ? undefined : props.flow.times[index];
  const value = index === undefined ? undefined : props.values[index];
  const first = props.flow.times[0];
  const isEmpty = props.values.every((each) => each === null);
  return (
    <div className="tile">
      <h3>{props.title}</h3>
      <p>
        <Link className="tile-total" to={props.to} data-row>
          {props.total}
        </Link>{' '}
        <span className="muted small">{props.unit}</span>
      </p>
      {isEmpty ? null : (
        <div className={`tone-${props.tone}`}>
          <Sparkline
            times={props.flow.times}
            values={props.values}
            stepMs={props.stepMs}
            until={props.flow.until}
            holes={props.flow.holes}
            kind={props.kind}
            onPoint={setIndex}
            onOpen={(opened) => {
              const since = props.flow.times[opened];
              if (since !== undefined)
                props.open({
                  since: new Date(since).toISOString(),
                  until: new Date(since + props.stepMs).toISOString(),
                });
            }}
          />
        </div>
      )}
      <p className="tile-scale muted small" aria-hidden="true" hidden={isEmpty}>
        {at === undefined ? (
          <>
            <span>{first === undefined ? '' : format.moment(first, props.flow.until).slice(0, -3)}</span>
            <span>{format.minute(props.flow.until)}</span>
          </>
        ) : (
          <>
            <span>{format.moment(at, props.flow.until)}</span>
            <strong>{typeof value === 'number' ? props.say(value) : '–'}</strong>
          </>
        )}
      </p>
    </div>
  );
}

function FlowTable({ overview }: { readonly overview: OverviewWire }) {
  const { words, format } = useConsole();
  const names: readonly CountName[] = ['accepted', 'delivered', 'deferred', 'bounced', 'rejected'];
  return (
    <div className="table-behind">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.overview.tableTime}</th>
            {names.map((name) => (
              <th scope="col" className="number" key={name}>
                {name === 'deferred' ? words.overview.tableAttempts : words.overview.tiles[name][0]}
              </th>
            ))}
            <th scope="col" className="number">
              {words.overview.lines}
            </th>
          </tr>
        </thead>
        <tbody>
          {overview.flow.map((point) => (
            <tr key={point.time}>
              <td>
                <Instant at={Date.parse(point.time)} />
              </td>
              {names.map((name) => (
                <td className="number" key={name}>
                  {format.integer(point[name])}
                </td>
              ))}
              <td className="number">{format.integer(point.lines)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function FlowSection({ overview, rangeKey }: { readonly overview: OverviewWire; readonly rangeKey: LastKey }) {
  const { words, format } = useConsole();
  const navigate = useScopedNavigate();
  const [asTable, setAsTable] = useState(false);
  const flow = useFlow(overview);
  const series = useMemo(
    () => ({
      accepted: overview.flow.map((point) => point.accepted),
      delivered: overview.flow.map((point) => point.delivered),
      deferred: overview.flow.map((point) => point.deferred),
      oldest: overview.flow.map((point) => point.oldestQueuedMs ?? null),
    }),
    [overview],
  );
  const { tiles, attempts: sayAttempts, atLeast } = words.overview;
  const attempts = (count: number): string => sayAttempts(format.integer(count));
  const { count, atLeast: isMore } = overview.messages.deferred;
  const deferred = isMore ? atLeast(format.integer(count)) : format.integer(count);
  const unitOf = (name: (typeof charted)[number]): string =>
    name === 'deferred' ? `${tiles.deferred[1]} · ${attempts(overview.totals.deferred)}` : tiles[name][1];
  const countedSince = overview.scope?.countedSince;
  const linkTo = (name: CountName): string => paths.messages({ range: rangeKey, fate: fateOf[name] });
  const oldestMs =
    overview.oldestQueuedAt === undefined ? undefined : Date.parse(overview.now) - Date.parse(overview.oldestQueuedAt);
  // The shortest of the usual spans that still shows the oldest message.
  const queueRange = lastKeys.find((key) => lastDurationsMs[key] > (oldestMs ?? 0)) ?? '30d';

  return (
    <section aria-labelledby="flow-title">
      <div className="section-head">
        <h2 id="flow-title">{words.overview.flow(spanText(rangeKey, words.units))}</h2>
        <span className="muted small">
          {words.overview.step(format.duration(overview.stepMs))}
          {flow.holes.length === 0 ? null : ` ${words.overview.hatched}`}
        </span>
        <button type="button" className="plain" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? words.table.hide : words.table.show}
        </button>
      </div>
      {countedSince === undefined ? null : (
        <p className="small">
          {words.scope.countedSince(format.moment(Date.parse(countedSince), flow.until))}{' '}
          <Link to={paths.report({ range: rangeKey })}>{words.nav.reports}</Link>
        </p>
      )}
      {asTable ? (
        <FlowTable overview={overview} />
      ) : (
        <div className="tiles">
          {charted.map((name) => (
            <Tile
              key={name}
              title={tiles[name][0]}
              unit={unitOf(name)}
              total={name === 'deferred' ? deferred : format.integer(overview.totals[name])}
              to={linkTo(name)}
              tone={name === 'deferred' ? 'orange' : 'blue'}
              values={series[name]}
              say={(value) => (name === 'deferred' ? attempts(value) : format.integer(value))}
              kind="bars"
              flow={flow}
              stepMs={overview.stepMs}
              // A bar of attempts leads to why they were put off: most of their messages are delivered by now.
              open={(params) =>
                navigate(name === 'deferred' ? paths.report(params) : paths.messages({ ...params, fate: fateOf[name] }))
              }
            />
          ))}
          <Tile
            title={tiles.queue[0]}
            unit={`${tiles.queue[1]}${oldestMs === undefined ? '' : ` · ${words.overview.oldest(format.duration(oldestMs))}`}`}
            total={format.integer(overview.inQueue)}
            to={paths.messages({ range: queueRange, fate: 'deferred' })}
            tone="grey"
            values={series.oldest}
            say={format.duration}
            kind="line"
            flow={flow}
            stepMs={overview.stepMs}
            open={(params) => navigate(paths.messages({ ...params, fate: 'deferred' }))}
          />
        </div>
      )}
      <p className="refusals">
        {(['bounced', 'rejected'] as const).map((name) => (
          <span key={name}>
            {tiles[name][0]} <Link to={linkTo(name)}>{format.integer(overview.totals[name])}</Link>{' '}
            <span className="muted small">{tiles[name][1]}</span>
          </span>
        ))}
      </p>
    </section>
  );
}

// How ownership passed: lanes over time, then each move with how long nobody owned, and what the voters told of it.
import { useEffect, useState } from 'react';
import type { FailoverGroupWire, FailoverHistoryWire, FailoverMoveWire } from '../../../protocol/wire.ts';
import { api } from '../../api/client.ts';
import { useResource } from '../../api/resource.ts';
import { useWidth } from '../../charts/use-width.ts';
import { useConsole } from '../../parts/console-context.ts';
import { Failure, Inert, Instant } from '../../parts/text.tsx';
import { visible } from '../../visible.ts';
import { failoverWords } from '../../words/failover-words.ts';
import { layOwnerLanes } from './owner-lanes.ts';

const laneHeight = 26;
const nameWidth = 120;

function OwnerChart({
  group,
  moves,
  now,
}: {
  readonly group: FailoverGroupWire;
  readonly moves: readonly FailoverMoveWire[];
  readonly now: number;
}) {
  const { language, format } = useConsole();
  const said = failoverWords[language];
  const [element, width] = useWidth<HTMLDivElement>();
  const members = group.voters.filter((voter) => !voter.isWitness).map((voter) => voter.node);
  const room = Math.max(0, width - nameWidth);
  const { since, lanes, bars } = layOwnerLanes(moves, members, { now, width: room });
  const height = lanes.length * laneHeight + 20;
  return (
    <div ref={element} className="owner-chart">
      {room === 0 ? null : (
        <svg width={width} height={height} role="img" aria-label={said.lanes(visible(group.group, 80))}>
          {lanes.map((node, lane) => (
            <g key={node} transform={`translate(0 ${lane * laneHeight})`}>
              <text x="0" y="17">
                {visible(node, 16)}
              </text>
              <line className="lane-line" x1={nameWidth} x2={width} y1={laneHeight - 0.5} y2={laneHeight - 0.5} />
            </g>
          ))}
          {bars.map((bar) => (
            <rect
              key={bar.epoch}
              className={bar.isOpen ? 'owner-bar open' : 'owner-bar'}
              x={nameWidth + bar.x}
              y={bar.lane * laneHeight + 6}
              width={bar.width}
              height={laneHeight - 12}
              rx="2"
            />
          ))}
          <text className="axis" x={nameWidth} y={height - 4}>
            {format.dayAndTime(since)}
          </text>
          <text className="axis" x={width} y={height - 4} textAnchor="end">
            {said.now}
          </text>
        </svg>
      )}
    </div>
  );
}

function MoveRow({ move }: { readonly move: FailoverMoveWire }) {
  const { language, format } = useConsole();
  const said = failoverWords[language];
  const { moveColumns } = said;
  const { from, to, gapMs, heldMs, why, how } = move;
  const names = { from: visible(from ?? '', 80), to: visible(to, 80) };
  const what =
    from === null ? said.first(names.to) : from === to ? said.again(names.to) : said.moved(names.from, names.to);
  return (
    <tr className="move-row" data-row tabIndex={-1}>
      <td className="nowrap" data-label={moveColumns.at}>
        <Instant at={Date.parse(move.at)} form="day" />
      </td>
      <td className="nowrap" data-label={moveColumns.move}>
        <strong>{what}</strong>
      </td>
      <td className="number" data-label={moveColumns.gap}>
        {gapMs === null ? <span className="muted">{said.gapUnknown}</span> : format.duration(gapMs)}
      </td>
      <td className="number" data-label={moveColumns.held}>
        {heldMs === null ? said.stillHolds : format.duration(heldMs)}
      </td>
      <td className="move-why" data-label={moveColumns.why}>
        {from === null ? null : <Inert text={why === null ? said.whyUnknown : said.said(why)} charactersMax={500} />}
        <span className="muted small why">
          <Inert text={said.said(how)} charactersMax={500} />
        </span>
      </td>
    </tr>
  );
}

function Entries({ history }: { readonly history: FailoverHistoryWire }) {
  const { language, format } = useConsole();
  const { entries: title, entryColumns, entryStates, said } = failoverWords[language];
  return (
    <details className="told-entries">
      <summary>{title(format.integer(history.entries.length))}</summary>
      <div className="table-behind">
        <table>
          <thead>
            <tr>
              <th scope="col">{entryColumns.time}</th>
              <th scope="col">{entryColumns.node}</th>
              <th scope="col">{entryColumns.role}</th>
              <th scope="col">{entryColumns.sentence}</th>
            </tr>
          </thead>
          <tbody>
            {history.entries.map((entry) => (
              <tr key={`${entry.node} ${entry.startedAt} ${entry.number}`}>
                <td className="nowrap">
                  <Instant at={Date.parse(entry.time)} form="ms" />
                </td>
                <td>
                  <Inert text={entry.node} charactersMax={80} />
                </td>
                <td className="muted">
                  {entryStates[entry.role] ?? entry.role}, {entryStates[entry.vote] ?? entry.vote}
                </td>
                <td>
                  <Inert text={said(entry.sentence)} charactersMax={500} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The newest page follows what happens; older ones are added to it when they are asked for. */
export function MovesSection({
  group,
  now,
  revision,
}: {
  readonly group: FailoverGroupWire;
  readonly now: number;
  readonly revision: number;
}) {
  const { language } = useConsole();
  const said = failoverWords[language];
  const { moveColumns } = said;
  const newest = useResource(`moves ${group.id}`, revision, (signal) =>
    api.failoverHistory(group.id, undefined, signal),
  );
  const [before, setBefore] = useState<string>();
  const [tries, setTries] = useState(0);
  const older = useResource(`moves ${group.id} ${before}`, tries, (signal) =>
    before === undefined ? Promise.resolve(undefined) : api.failoverHistory(group.id, before, signal),
  );
  const [kept, setKept] = useState<readonly FailoverMoveWire[]>([]);
  useEffect(() => {
    if (older.data !== undefined) setKept((moves) => [...moves, ...(older.data?.moves ?? [])]);
  }, [older.data]);
  const { data } = newest;
  const all = [...(data?.moves ?? []), ...kept];
  const moves = [...new Map(all.map((move) => [move.epoch, move])).values()].sort((a, b) => b.epoch - a.epoch);
  const isTold = before === undefined || older.data !== undefined;
  const next = before === undefined ? data?.nextBefore : isTold ? older.data?.nextBefore : before;
  // What could not be read is not the end of the history: it is asked for again.
  const askOlder = () => (isTold ? setBefore(next) : setTries((count) => count + 1));
  return (
    <div className="group-part">
      <h3>{said.moves}</h3>
      {newest.error !== undefined && data === undefined ? (
        <Failure error={newest.error} retry={() => location.reload()} />
      ) : null}
      {data !== undefined && moves.length === 0 ? <p className="muted">{said.movesNone}</p> : null}
      {moves.length === 0 ? null : (
        <>
          <OwnerChart group={group} moves={moves} now={now} />
          <table className="moves">
            <caption className="unseen">{said.moves}</caption>
            <thead>
              <tr>
                <th scope="col">{moveColumns.at}</th>
                <th scope="col">{moveColumns.move}</th>
                <th scope="col" className="number">
                  {moveColumns.gap}
                </th>
                <th scope="col" className="number">
                  {moveColumns.held}
                </th>
                <th scope="col" className="move-why">
                  {moveColumns.why}
                </th>
              </tr>
            </thead>
            <tbody>
              {moves.map((move) => (
                <MoveRow key={move.epoch} move={move} />
              ))}
            </tbody>
          </table>
        </>
      )}
      {older.error === undefined || isTold ? null : <Failure error={older.error} retry={askOlder} />}
      {next === undefined ? null : (
        <button type="button" disabled={older.loading && before !== undefined} onClick={askOlder}>
          {said.more}
        </button>
      )}
      {data === undefined || data.entries.length === 0 ? null : <Entries history={data} />}
    </div>
  );
}

// The drawing of the journey as a table, for who cannot see it or wants the numbers.
import { useConsole } from '../../parts/console-context.ts';
import { FateMark } from '../../parts/marks.tsx';
import { Inert, Instant } from '../../parts/text.tsx';
import type { Fate } from '../../words/words.ts';
import type { Lane, Phase } from './lanes.ts';

type JourneyRow = {
  readonly lane: Lane;
  readonly what: Phase | 'arrival';
  readonly since: number;
  readonly tookMs: number | undefined;
  readonly fate?: Fate;
  readonly relay?: string | undefined;
};

/** Enough to read; the lines below hold the rest. */
const rowsMax = 500;

function rowsOf(lanes: readonly Lane[]): JourneyRow[] {
  return lanes
    .flatMap((lane): JourneyRow[] => [
      lane.before === undefined
        ? { lane, what: 'arrival', since: lane.since, tookMs: undefined }
        : { lane, what: 'before', since: lane.since, tookMs: lane.before.until - lane.before.since },
      ...lane.attempts.flatMap((group): JourneyRow[] => {
        const outcome = { fate: group.fate, relay: group.relay };
        if (group.bars.length === 0)
          return [{ lane, what: 'transmit', since: group.time, tookMs: undefined, ...outcome }];
        return group.bars.map((bar, at) => ({
          ...{ lane, what: bar.phase, since: bar.since, tookMs: bar.until - bar.since },
          ...(at === group.bars.length - 1 ? outcome : {}),
        }));
      }),
    ])
    .sort((a, b) => a.since - b.since)
    .slice(0, rowsMax);
}

export function JourneyTable({ lanes }: { readonly lanes: readonly Lane[] }) {
  const { words, format } = useConsole();
  const { table } = words.story;
  return (
    <div className="table-behind">
      <table>
        <thead>
          <tr>
            {(['lane', 'what', 'start', 'took', 'outcome', 'relay'] as const).map((name) => (
              <th key={name} scope="col" className={name === 'took' ? 'number' : ''}>
                {table[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(lanes).map((row) => (
            <tr key={`${row.lane.leg} ${row.what} ${row.since} ${row.relay ?? ''}`}>
              <td>
                <Inert text={row.lane.node} charactersMax={60} />{' '}
                <code>
                  <Inert text={row.lane.queueId ?? ''} charactersMax={40} />
                </code>
              </td>
              <td>{row.what === 'arrival' ? words.story.roles[row.lane.role] : words.story.phases[row.what]}</td>
              <td>
                <Instant at={row.since} form="ms" />
              </td>
              <td className="number">{row.tookMs === undefined ? '' : format.duration(row.tookMs)}</td>
              <td>{row.fate === undefined ? '' : <FateMark fate={row.fate} />}</td>
              <td>
                <Inert text={row.relay ?? ''} charactersMax={80} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// One message: what became of it in a sentence, its journey, its recipients, its lines.
import { useMemo, useState } from 'react';
import { useParams } from 'react-router';
import type { StoryWire } from '../../protocol/wire.ts';
import { api } from '../api/client.ts';
import { useResource } from '../api/resource.ts';
import { useRevision } from '../live/revision.ts';
import { useConsole } from '../parts/console-context.ts';
import { FateMark } from '../parts/marks.tsx';
import { Link } from '../parts/scoped-link.tsx';
import { DataAge, Failure, HoleNotice, Inert, Instant, Notice } from '../parts/text.tsx';
import { paths } from '../paths.ts';
import type { Fate } from '../words/words.ts';
import type { Focus } from './story/focus.ts';
import { JourneyTable } from './story/journey-table.tsx';
import { type Lane, layLanes, type Phase, sumPhases } from './story/lanes.ts';
import { LinesSection } from './story/lines-section.tsx';
import { RecipientsSection } from './story/recipients-section.tsx';
import { StoryChart } from './story/story-chart.tsx';

/** An open story may still move. */
const refreshMs = 10_000;

const spansDays = ({ firstSeenAt, lastSeenAt }: StoryWire): boolean =>
  Date.parse(lastSeenAt) - Date.parse(firstSeenAt) > 43_200_000;

function countFates(story: StoryWire): Array<[Fate, number]> {
  const counts = new Map<Fate, number>();
  for (const { fate } of story.recipients) counts.set(fate, (counts.get(fate) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The fate of the message, how many recipients share it, and how long it took. */
function StoryHead({ story }: { readonly story: StoryWire }) {
  const { words, format } = useConsole();
  const total = story.recipients.length + (story.recipientsOmitted ?? 0);
  const fates = countFates(story);
  const tookMs = Date.parse(story.lastSeenAt) - Date.parse(story.firstSeenAt);
  const parts =
    total <= 1 ? [] : fates.map(([fate, count]) => words.story.recipientsOf(words.fates[fate], count, total));
  const [first] = story.legs;
  const firstTo = story.recipients[0]?.to;
  return (
    <>
      <h1 className="story-fate">
        <FateMark fate={story.fate} sizePx={20} />
        <span className="story-took">
          {words.story.summary(parts, story.closed && tookMs > 0 ? format.duration(tookMs) : undefined)}
        </span>
      </h1>
      {story.closed ? null : <p className="muted">{words.story.still}</p>}
      <dl className="facts">
        <div>
          <dt>{words.story.from}</dt>
          <dd>
            {story.from ? (
              <Link to={paths.messages({ q: `from:${story.from}` })}>
                <Inert text={story.from} charactersMax={320} />
              </Link>
            ) : (
              <span className="muted">{story.from === '' ? words.story.emptySender : words.messages.unknown}</span>
            )}
          </dd>
        </div>
        <div>
          <dt>{words.story.to}</dt>
          <dd>
            {firstTo === undefined ? (
              <span className="muted">{words.messages.unknown}</span>
            ) : (
              <Link to={paths.messages({ q: `to:${firstTo}` })}>
                <Inert text={firstTo} charactersMax={320} />
              </Link>
            )}
            {total > 1 ? <span className="muted"> {words.messages.more(format.integer(total - 1))}</span> : null}
          </dd>
        </div>
        <div>
          <dt>{words.story.began}</dt>
          <dd>
            <Instant at={Date.parse(story.firstSeenAt)} form="day" />
          </dd>
        </div>
        {first?.clientIp === undefined && first?.clientHost === undefined ? null : (
          <div>
            <dt>{words.story.client}</dt>
            <dd>
              <Inert
                text={[first.clientHost, first.clientIp, first.saslUser].filter(Boolean).join(' · ')}
                charactersMax={200}
              />
            </dd>
          </div>
        )}
        {story.size === undefined ? null : (
          <div>
            <dt>{words.story.size}</dt>
            <dd>{format.bytes(story.size)}</dd>
          </div>
        )}
        {story.messageId === undefined ? null : (
          <div>
            <dt>{words.story.messageId}</dt>
            <dd className="mono">
              <Inert text={story.messageId} charactersMax={300} />
            </dd>
          </div>
        )}
        {story.traceId === undefined ? null : (
          <div>
            <dt>{words.story.traceId}</dt>
            <dd className="mono">
              <Inert text={story.traceId} charactersMax={64} />
            </dd>
          </div>
        )}
        {story.noticeOf === undefined ? null : (
          <div>
            <dt>{words.story.noticeOf}</dt>
            <dd>
              <Link to={paths.story(story.noticeOf)}>
                <Inert text={story.noticeOf} charactersMax={60} />
              </Link>
            </dd>
          </div>
        )}
        {(story.notices ?? []).map((id) => (
          <div key={id}>
            <dt>{words.story.notices}</dt>
            <dd>
              <Link to={paths.story(id)}>
                <Inert text={id} charactersMax={60} />
              </Link>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function PhaseLegend({ lanes }: { readonly lanes: readonly Lane[] }) {
  const { words, format } = useConsole();
  const sums = sumPhases(lanes);
  return (
    <ul className="legend small">
      {(['before', 'queue', 'connect', 'transmit'] as const satisfies readonly Phase[]).map((phase) => {
        const tookMs = sums[phase];
        return tookMs === undefined ? null : (
          <li key={phase}>
            <svg width="18" height="10" aria-hidden="true" className={`phase phase-${phase}`}>
              <rect x="0.5" y="0.5" width="17" height="9" />
            </svg>
            {words.story.phases[phase]} <span className="muted">{format.duration(tookMs)}</span>
          </li>
        );
      })}
      <li>
        <svg width="18" height="10" aria-hidden="true">
          <path className="wait" d="M0 5H18" />
        </svg>
        {words.story.phases.wait}
      </li>
    </ul>
  );
}

export function StoryPage() {
  const { words, format } = useConsole();
  const { id = '' } = useParams();
  const [isClosed, setIsClosed] = useState(false);
  const revision = useRevision(isClosed ? undefined : refreshMs);
  const { data, error, readAt } = useResource(id, revision, async (signal) => {
    const detail = await api.story(id, signal);
    setIsClosed(detail.story.closed);
    return detail;
  });
  const [focus, setFocus] = useState<Focus>();
  const [asTable, setAsTable] = useState(false);
  const lanes = useMemo(
    () => (data === undefined || readAt === undefined ? [] : layLanes(data.story, readAt)),
    [data, readAt],
  );
  const omitted = lanes.reduce((sum, lane) => sum + lane.attemptsOmitted, 0);

  return (
    <>
      <div className="page-head">
        <p className="crumb">
          <Link to={paths.messages()}>{words.nav.messages}</Link> /{' '}
          <Inert text={lanes[0]?.queueId ?? id} charactersMax={60} />
        </p>
        <DataAge readAt={readAt} />
      </div>
      {error?.status === 404 && data === undefined ? (
        <Notice title={words.story.notFound}>
          <p>{words.story.notFoundText}</p>
        </Notice>
      ) : null}
      {error !== undefined && error.status !== 404 && data === undefined ? (
        <Failure error={error} retry={() => location.reload()} />
      ) : null}
      {data === undefined ? null : (
        <>
          <StoryHead story={data.story} />
          <HoleNotice completeness={data.completeness} />
          {lanes.length === 0 ? null : (
            <section aria-labelledby="journey-title">
              <div className="section-head">
                <h2 id="journey-title">{words.story.journey}</h2>
                <PhaseLegend lanes={lanes} />
                <button type="button" className="plain" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
                  {asTable ? words.table.hide : words.table.show}
                </button>
              </div>
              {asTable ? (
                <JourneyTable lanes={lanes} />
              ) : (
                <StoryChart lanes={lanes} focus={focus} setFocus={setFocus} />
              )}
              {omitted === 0 ? null : (
                <p className="muted small">{words.story.attemptsOmitted(format.integer(omitted))}</p>
              )}
            </section>
          )}
          <RecipientsSection story={data.story} />
          <LinesSection detail={data} withDay={spansDays(data.story)} focus={focus} setFocus={setFocus} />
        </>
      )}
    </>
  );
}

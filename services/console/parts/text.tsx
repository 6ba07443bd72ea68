// Small pieces of text that every page shows the same way.
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import type { CompletenessWire } from '../../protocol/wire.ts';
import type { ApiError } from '../api/client.ts';
import { visible } from '../visible.ts';
import { useConsole } from './console-context.ts';
import { Link } from './scoped-link.tsx';

/** Text from a log: whatever it holds, it is seen, and it turns nothing around it. */
export function Inert({ text, charactersMax }: { readonly text: string; readonly charactersMax?: number }) {
  return <bdi>{visible(text, charactersMax)}</bdi>;
}

/** A point in time: local, with UTC on hover. */
export function Instant({
  at,
  form = 'moment',
}: {
  readonly at: number;
  readonly form?: 'moment' | 'time' | 'ms' | 'day';
}) {
  const { format } = useConsole();
  const text = {
    moment: () => format.moment(at, Date.now()),
    time: () => format.time(at),
    ms: () => format.timeWithMs(at),
    day: () => format.dayAndTime(at),
  }[form]();
  return (
    <time dateTime={new Date(at).toISOString()} title={format.utc(at)}>
      {text}
    </time>
  );
}

/** The clock, at the pace of the eye. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How old the data of a page is, and in which zone its times are. */
export function DataAge({ readAt }: { readonly readAt: number | undefined }) {
  const { words, format } = useConsole();
  const now = useNow();
  if (readAt === undefined) return <p className="data-age muted small">{words.loading}</p>;
  const age = words.age(format.moment(readAt, now), format.duration(Math.floor((now - readAt) / 1000) * 1000));
  return (
    <p className="data-age muted small">
      <time dateTime={new Date(readAt).toISOString()} title={format.utc(readAt)}>
        {age}
      </time>
      {' · '}
      {words.zone(format.zone(now))}
    </p>
  );
}

export function Failure({ error, retry }: { readonly error: ApiError; readonly retry: () => void }) {
  const { words } = useConsole();
  return (
    <div className="notice" role="alert">
      <h2>{words.failed.title}</h2>
      <p>
        {error.status === 0 && error.code === 'unreachable' ? words.failed.unreachable : <Inert text={error.message} />}
        {error.hint === undefined ? null : (
          <>
            {' '}
            <Inert text={error.hint} />
          </>
        )}
      </p>
      <p className="muted">{words.failed.meaning}</p>
      <p>
        <button type="button" onClick={retry}>
          {words.failed.retry}
        </button>
      </p>
    </div>
  );
}

export function Notice({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="notice">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** One line under whatever was drawn from an incomplete log. Says nothing when it is whole. */
export function HoleNotice({ completeness }: { readonly completeness: CompletenessWire | undefined }) {
  const { words, format } = useConsole();
  if (completeness === undefined || completeness.complete) return null;
  const { removedUntil, sources } = completeness;
  const isOnlyRemoved = removedUntil !== undefined && sources.every(({ state }) => state === 'complete');
  return (
    <p className="hole-notice small">
      <span className="hatch-swatch" aria-hidden="true" />
      {isOnlyRemoved ? (
        words.completeness.removed(format.moment(Date.parse(removedUntil), Date.now()))
      ) : (
        <Link to="/#completeness">{words.messages.incomplete}</Link>
      )}
    </p>
  );
}

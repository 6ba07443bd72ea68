// Where is this message: the search box of the header, a time range and a fate, and the messages they leave.
import { type MouseEvent, useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import { useSearchParams } from 'react-router';
import { localTimeWords } from '../../protocol/time-word.ts';
import type { StoryQueryWire, StorySummaryWire } from '../../protocol/wire.ts';
import { api } from '../api/client.ts';
import { useResource } from '../api/resource.ts';
import { useRevision } from '../live/revision.ts';
import { useConsole } from '../parts/console-context.ts';
import { CopyLink, RangePicker, useCopy } from '../parts/range-picker.tsx';
import { useScope, useScopedNavigate } from '../parts/scoped-link.tsx';
import { DataAge, Failure, HoleNotice, Notice } from '../parts/text.tsx';
import { paths, type ViewParams } from '../paths.ts';
import { lastKeys, rangeParams, readRange, sinceOf, spanText } from '../time-range.ts';
import { toCsv, visible } from '../visible.ts';
import type { Fate } from '../words/words.ts';
import { rowsMax, useStoryList } from './messages/story-list.ts';
import { StoryRow } from './messages/story-row.tsx';
import { useRowWindow } from './messages/use-row-window.ts';

const rowPx = { wide: 34, narrow: 62 } as const;
const narrowQuery = '(max-width: 760px)';
/** Begin to read on this many rows before the end comes into sight. */
const rowsAhead = 100;
const fates: readonly Fate[] = [
  'delivered',
  'deferred',
  'bounced',
  'expired',
  'rejected',
  'discarded',
  'held',
  'in-transit',
];

function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (watch) => {
      const media = matchMedia(narrowQuery);
      media.addEventListener('change', watch);
      return () => media.removeEventListener('change', watch);
    },
    () => matchMedia(narrowQuery).matches,
  );
}

/** The columns of the list and a few more, instants in UTC, for a spreadsheet. */
function storiesToCsv(rows: readonly StorySummaryWire[]): string {
  const header = ['fate', 'firstSeenAt', 'lastSeenAt', 'from', 'to', 'recipients', 'size', 'nodes', 'queueIds'];
  return toCsv([
    [...header, 'messageId', 'reason'],
    ...rows.map((row) => [
      ...[row.fate, row.firstSeenAt, row.lastSeenAt, row.from ?? '', row.to.join(' '), row.recipientCount],
      ...[row.size ?? '', row.nodes.join(' '), row.queueIds.join(' '), row.messageId ?? '', row.reason ?? ''],
    ]),
  ]);
}

export function MessagesPage() {
  const { words, format } = useConsole();
  const navigate = useScopedNavigate();
  const domain = useScope();
  const [search, setSearch] = useSearchParams();
  const copy = useCopy();
  const revision = useRevision();
  const range = readRange(search, '24h');
  const fate = fates.find((name) => name === search.get('fate'));
  // A time without a zone is one of this page, and is said with it.
  const q = localTimeWords(search.get('q')?.trim() ?? '') || undefined;
  const rangeKey = JSON.stringify(range);

  // The beginning of a moving range is fixed when the search is made, so that all its pages are of one search.
  const query = useMemo((): StoryQueryWire => {
    void revision;
    const asked = readRange(search, '24h');
    const since = sinceOf(asked, Date.now());
    const until = asked.kind === 'between' ? asked.until : undefined;
    return {
      ...(q === undefined ? {} : { q }),
      ...(fate === undefined ? {} : { fate }),
      ...(domain === undefined ? {} : { domain }),
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
      ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    };
  }, [search, q, fate, domain, revision]);
  const list = useStoryList(query, revision);
  const count = useResource(JSON.stringify(query), revision, (signal) => api.countStories(query, signal));

  const isNarrow = useIsNarrow();
  const height = isNarrow ? rowPx.narrow : rowPx.wide;
  const [listElement, rowWindow] = useRowWindow(list.rows.length, height);
  const { readMore } = list;
  useEffect(() => {
    if (rowWindow.end + rowsAhead >= list.rows.length) readMore();
  }, [rowWindow.end, list.rows.length, readMore]);
  // A new search begins at its top.
  useEffect(() => {
    void rangeKey;
    void q;
    void fate;
    void domain;
    window.scrollTo({ top: 0 });
  }, [q, fate, domain, rangeKey]);

  // A click that asks for a new tab or a menu is the browser's.
  const open = useCallback(
    (event: MouseEvent<HTMLAnchorElement>): void => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      navigate(event.currentTarget.pathname);
    },
    [navigate],
  );

  const setParams = (params: ViewParams): void => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(params)) {
      if (value === undefined || value === '') next.delete(name);
      else next.set(name, value);
    }
    setSearch(next, { replace: true });
  };

  const { columns } = words.messages;
  const atEnd = list.nextCursor === undefined && !list.loading;
  const wider = range.kind === 'last' ? lastKeys[lastKeys.indexOf(range.key) + 1] : '30d';
  const counted = count.data;

  return (
    <>
      <div className="page-head">
        <h1>{words.messages.title}</h1>
        <RangePicker range={range} onChange={(next) => setParams(rangeParams(next))} />
        <select
          aria-label={words.messages.fate}
          value={fate ?? ''}
          onChange={({ target }) => setParams({ fate: target.value })}
        >
          <option value="">{words.messages.anyFate}</option>
          {fates.map((name) => (
            <option key={name} value={name}>
              {words.fates[name]}
            </option>
          ))}
        </select>
        <CopyLink path={paths.messages()} range={range} />
        <button
          type="button"
          disabled={list.rows.length === 0}
          onClick={() => copy(storiesToCsv(list.rows), words.messages.copiedRows(format.integer(list.rows.length)))}
        >
          {words.messages.copy}
        </button>
        <DataAge readAt={list.readAt} />
      </div>
      {q === undefined ? null : (
        <p className="searched">
          <bdi className="mono">{visible(q, 200)}</bdi>{' '}
          <button type="button" className="plain" onClick={() => setParams({ q: undefined })}>
            {words.messages.clear}
          </button>
        </p>
      )}
      <p className="muted small list-count" role="status">
        {counted === undefined
          ? words.loading
          : counted.count === 1 && !counted.atLeast
            ? words.messages.one
            : words.messages.count(
                format.integer(Math.max(counted.count, list.rows.length)),
                counted.atLeast && !atEnd,
              )}
        {list.nextCursor === undefined ? '' : ` · ${words.messages.loaded(format.integer(list.rows.length))}`}
      </p>
      <HoleNotice completeness={list.completeness} />
      {list.error === undefined ? null : <Failure error={list.error} retry={() => location.reload()} />}
      {list.rows.length === 0 && atEnd && list.error === undefined ? (
        <Notice title={words.messages.empty}>
          <p>{words.messages.emptyText}</p>
          {wider === undefined ? null : (
            <p>
              <button type="button" onClick={() => setParams(rangeParams({ kind: 'last', key: wider }))}>
                {words.messages.widen(spanText(wider, words.units))}
              </button>
            </p>
          )}
        </Notice>
      ) : (
        <table
          className="story-table"
          aria-label={words.messages.title}
          aria-rowcount={atEnd ? list.rows.length + 1 : -1}
          aria-busy={list.loading}
        >
          <thead>
            <tr className="story-head">
              {(['fate', 'time', 'from', 'to', 'size', 'node', 'queueId', 'reason'] as const).map((name) => (
                <th scope="col" key={name} className={`c-${name === 'queueId' ? 'queue' : name}`}>
                  {columns[name]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody ref={listElement} className="story-rows" style={{ height: list.rows.length * height }}>
            {list.rows.slice(rowWindow.first, rowWindow.end).map((story, at) => (
              <StoryRow
                key={story.id}
                story={story}
                index={rowWindow.first + at}
                topPx={(rowWindow.first + at) * height}
                domain={domain}
                open={open}
              />
            ))}
          </tbody>
        </table>
      )}
      <p className="muted small list-end">
        {list.loading
          ? words.loading
          : list.rows.length >= rowsMax
            ? words.messages.bound(format.integer(rowsMax))
            : atEnd && list.rows.length > 0
              ? words.messages.end(format.integer(list.rows.length))
              : ''}
      </p>
    </>
  );
}

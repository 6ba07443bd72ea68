// Lines as they come, by filter. The newest stand at the end; the view follows them until the reader scrolls back or pauses.
import { memo, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { TailReply } from '../../protocol/live.ts';
import type { TailFilterWire } from '../../protocol/wire.ts';
import { api } from '../api/client.ts';
import { useResource } from '../api/resource.ts';
import { useRevision } from '../live/revision.ts';
import { useConsole } from '../parts/console-context.ts';
import { LevelMark } from '../parts/marks.tsx';
import { Link, useScope } from '../parts/scoped-link.tsx';
import { DataAge, HoleNotice, Inert, Instant } from '../parts/text.tsx';
import { paths } from '../paths.ts';
import type { TailGroup } from '../words/words.ts';
import { emptyTail, type NumberedLine, type Tail, tailLinesMax, takeChunk } from './live/tail-buffer.ts';
import { kindsOf, readGroups, tailGroups } from './live/tail-groups.ts';

/** As far from the end as still counts as being there. */
const endPx = 40;

/** A line says no more than this here; its story has all of it. */
const charactersMax = 500;

/** The line, its queue id a way to the message. */
function TailText({ line }: { readonly line: NumberedLine }) {
  const { text, queueId } = line;
  const at = queueId === undefined || queueId === 'NOQUEUE' ? -1 : text.indexOf(queueId);
  if (queueId === undefined || at === -1 || at > charactersMax)
    return <Inert text={text} charactersMax={charactersMax} />;
  return (
    <>
      <Inert text={text.slice(0, at)} />
      <Link to={paths.messages({ q: queueId })}>
        <Inert text={queueId} charactersMax={40} />
      </Link>
      <Inert text={text.slice(at + queueId.length)} charactersMax={charactersMax} />
    </>
  );
}

const TailRow = memo(function TailRow({ line }: { readonly line: NumberedLine }) {
  return (
    <li className={`tail-line level-${line.severity ?? 'info'}`} data-row tabIndex={-1}>
      <Instant at={Date.parse(line.time)} form="time" />
      <span className="tail-node">
        <Inert text={line.node} charactersMax={60} />
      </span>
      <span className="tail-level">
        <LevelMark severity={line.severity} />
      </span>
      <span className="mono tail-text">
        <TailText line={line} />
      </span>
    </li>
  );
});

type TailRefusal = Extract<TailReply, { ok: false }>['code'];

/** The tail of a filter; `paused` holds the view still while lines are still taken in. */
function useTail(
  filterKey: string,
  isPaused: boolean,
): { readonly tail: Tail; readonly waiting: number; readonly refused: TailRefusal | undefined } {
  const { live } = useConsole();
  const [tail, setTail] = useState(emptyTail);
  const [shown, setShown] = useState(emptyTail);
  const [refused, setRefused] = useState<TailRefusal>();
  const take = useEffectEvent((next: Tail) => {
    setTail(next);
    if (!isPaused) setShown(next);
  });
  useEffect(() => {
    let held = emptyTail;
    take(held);
    return live.startTail(
      JSON.parse(filterKey) as TailFilterWire,
      (chunk) => {
        held = takeChunk(held, chunk);
        take(held);
      },
      (reply) => setRefused(reply.ok ? undefined : reply.code),
    );
  }, [live, filterKey]);
  // On resuming, what came in meanwhile is shown at once.
  const visibleTail = isPaused ? shown : tail;
  return { tail: visibleTail, waiting: tail.taken - visibleTail.taken, refused };
}

export function LivePage() {
  const { words, format, live } = useConsole();
  const [search, setSearch] = useSearchParams();
  const text = search.get('text') ?? '';
  const node = search.get('node') ?? '';
  const domain = useScope();
  const groups = readGroups(search.get('show'));
  const filter: TailFilterWire = {
    ...(text === '' ? {} : { text }),
    ...(node === '' ? {} : { node }),
    ...(domain === undefined ? {} : { domain }),
    ...(groups.length === 0 ? {} : { kinds: kindsOf(groups) }),
  };
  const revision = useRevision();
  const nodes = useResource('nodes', revision, (signal) => api.nodes(signal));
  const completeness = useResource('completeness', revision, (signal) => api.completeness(signal));
  const [isPaused, setIsPaused] = useState(false);
  const [follows, setFollows] = useState(true);
  const { tail, waiting, refused } = useTail(JSON.stringify(filter), isPaused);
  const view = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (follows && view.current !== null && tail.taken > 0) view.current.scrollTop = view.current.scrollHeight;
  }, [tail, follows]);

  const setParam = (name: 'text' | 'node' | 'show', value: string): void => {
    const next = new URLSearchParams(search);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next, { replace: true });
  };
  const toggle = (group: TailGroup): void =>
    setParam('show', tailGroups.filter((name) => groups.includes(name) !== (name === group)).join(','));

  return (
    <div className="live-page">
      <div className="page-head">
        <h1>{words.live.title}</h1>
        <input
          type="text"
          maxLength={256}
          aria-label={words.live.text}
          placeholder={words.live.text}
          value={text}
          spellCheck={false}
          onChange={({ target }) => setParam('text', target.value)}
        />
        <select aria-label={words.live.node} value={node} onChange={({ target }) => setParam('node', target.value)}>
          <option value="">{words.live.anyNode}</option>
          {[...new Set([...(nodes.data?.nodes.map((known) => known.node) ?? []), ...(node === '' ? [] : [node])])].map(
            (name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ),
          )}
        </select>
        <button type="button" aria-pressed={isPaused} onClick={() => setIsPaused(!isPaused)}>
          {isPaused ? words.live.resume : words.live.pause}
        </button>
        <DataAge readAt={live.heardAt()} />
      </div>
      <HoleNotice completeness={completeness.data} />
      <fieldset className="groups">
        <legend className="unseen">{words.live.show}</legend>
        {tailGroups.map((group) => (
          <button type="button" key={group} aria-pressed={groups.includes(group)} onClick={() => toggle(group)}>
            {words.live.groups[group]}
          </button>
        ))}
      </fieldset>
      <p className="small muted live-status" role="status">
        {isPaused
          ? words.live.paused(format.integer(waiting))
          : words.live.kept(format.integer(tail.lines.length), format.integer(tailLinesMax))}
        {domain === undefined ? '' : ` · ${words.live.scoped}`}
        {tail.skipped === 0 ? '' : ` · ${words.live.skipped(format.integer(tail.skipped))}`}
      </p>
      <div
        className="tail"
        ref={view}
        role="log"
        aria-live="off"
        aria-label={words.live.log}
        onScroll={({ currentTarget }) => {
          const { scrollHeight, scrollTop, clientHeight } = currentTarget;
          setFollows(scrollHeight - scrollTop - clientHeight < endPx);
        }}
      >
        {tail.lines.length === 0 ? (
          <div className="notice">
            <h2>{refused === undefined ? words.live.waiting : words.live.refused}</h2>
            <p>{refused === undefined ? words.live.waitingText : words.live.refusals[refused]}</p>
          </div>
        ) : (
          <ol>
            {tail.lines.map((line) => (
              <TailRow key={line.number} line={line} />
            ))}
          </ol>
        )}
      </div>
      {follows ? null : (
        <button type="button" className="follow" onClick={() => setFollows(true)}>
          {words.live.follow}
        </button>
      )}
    </div>
  );
}

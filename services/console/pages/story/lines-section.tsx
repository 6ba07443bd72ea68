// The evidence: the raw lines. Pointing at a hop finds its lines, pointing at a line finds its hop.
import { memo, useMemo, useState } from 'react';
import type { StoryDetailWire, StoryLineWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { useCopy } from '../../parts/range-picker.tsx';
import { Inert, Instant } from '../../parts/text.tsx';
import { type Focus, focusOfLine, isInFocus, lineAnchor } from './focus.ts';

/** Lines shown until somebody asks for all, and the characters of one line. */
const linesFirst = 200;
const charactersFirst = 2000;

/** Two lines may read the same, so each has a number; the first of a hop is where its lane leads to. */
function numberLines(lines: readonly StoryLineWire[]) {
  const seen = new Set<number>();
  return lines.map((line, number) => {
    const isFirst = line.leg !== undefined && !seen.has(line.leg);
    if (line.leg !== undefined) seen.add(line.leg);
    return { line, number, firstOf: isFirst ? line.leg : undefined };
  });
}

const Line = memo(function Line(props: {
  readonly line: StoryLineWire;
  /** The hop whose first line this is. */
  readonly anchor: number | undefined;
  readonly withDay: boolean;
  readonly inFocus: boolean;
  readonly setFocus: (focus: Focus | undefined) => void;
}) {
  const { words, format } = useConsole();
  const { line, anchor, inFocus, setFocus } = props;
  const [isWhole, setIsWhole] = useState(false);
  const hidden = isWhole ? 0 : line.text.length - charactersFirst;
  return (
    <li
      className={inFocus ? 'story-line in-focus' : 'story-line'}
      id={anchor === undefined ? undefined : lineAnchor(anchor)}
      data-row
      tabIndex={-1}
      onMouseEnter={() => setFocus(focusOfLine(line))}
      onMouseLeave={() => setFocus(undefined)}
      onFocus={() => setFocus(focusOfLine(line))}
      onBlur={() => setFocus(undefined)}
    >
      <Instant at={Date.parse(line.time)} form={props.withDay ? 'day' : 'ms'} />
      <span className="line-node">
        <Inert text={line.node} charactersMax={60} />
      </span>
      <span className="mono line-text">
        <Inert text={line.text} charactersMax={isWhole ? Number.POSITIVE_INFINITY : charactersFirst} />
        {hidden > 0 ? (
          <button type="button" className="plain" onClick={() => setIsWhole(true)}>
            {words.story.lineMore(format.bytes(hidden))}
          </button>
        ) : null}
      </span>
    </li>
  );
});

export function LinesSection(props: {
  readonly detail: StoryDetailWire;
  /** Times alone would mislead in a story of several days. */
  readonly withDay: boolean;
  readonly focus: Focus | undefined;
  readonly setFocus: (focus: Focus | undefined) => void;
}) {
  const { words, format } = useConsole();
  const copy = useCopy();
  const { lines, linesOmitted } = props.detail;
  const [showsAll, setShowsAll] = useState(false);
  const numbered = useMemo(() => numberLines(lines), [lines]);
  const shown = showsAll ? numbered : numbered.slice(0, linesFirst);
  return (
    <section aria-labelledby="lines-title">
      <div className="section-head">
        <h2 id="lines-title">{words.story.lines}</h2>
        <span className="muted small">{words.story.linesHint}</span>
        <button
          type="button"
          className="plain"
          onClick={() => copy(lines.map((line) => `${line.text}\n`).join(''), words.copied)}
        >
          {words.story.copyLines}
        </button>
      </div>
      <ol className={props.withDay ? 'story-lines with-day' : 'story-lines'}>
        {shown.map(({ line, number, firstOf }) => (
          <Line
            key={number}
            line={line}
            anchor={firstOf}
            withDay={props.withDay}
            inFocus={isInFocus(line, props.focus)}
            setFocus={props.setFocus}
          />
        ))}
      </ol>
      {shown.length < lines.length ? (
        <p className="more">
          <button type="button" onClick={() => setShowsAll(true)}>
            {words.story.showAll(format.integer(lines.length))}
          </button>
        </p>
      ) : null}
      {linesOmitted > 0 ? <p className="muted">{words.story.linesOmitted(format.integer(linesOmitted))}</p> : null}
    </section>
  );
}

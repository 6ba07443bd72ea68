// Whether the log behind every number is whole, source by source, the faulty ones first.
import type { CompletenessWire, SourceCompletenessWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { SourceMark } from '../../parts/marks.tsx';
import { Inert } from '../../parts/text.tsx';

/** What is wrong with one source, in words; empty when nothing is. */
function useSourceWords(): (source: SourceCompletenessWire) => string[] {
  const { words, format } = useConsole();
  const { completeness } = words;
  return (source) => {
    const said: string[] = [];
    if (source.state === 'unknown')
      said.push(completeness.unheard(format.moment(Date.parse(source.lastSeenAt), Date.now())));
    if (source.gapBytes > 0) said.push(completeness.gap(format.bytes(source.gapBytes)));
    for (const gap of source.gaps ?? [])
      said.push(completeness.at(format.moment(Date.parse(gap.since), Date.now()), format.time(Date.parse(gap.until))));
    if (source.suppressedMessages > 0) said.push(completeness.suppressed(format.integer(source.suppressedMessages)));
    if (source.unparsedLines > 0) said.push(completeness.unparsed(format.integer(source.unparsedLines)));
    return said;
  };
}

export function CompletenessSection({ completeness }: { readonly completeness: CompletenessWire }) {
  const { words, format } = useConsole();
  const sourceWords = useSourceWords();
  const { sources, removedUntil } = completeness;
  const unparsedLines = sources.reduce((sum, source) => sum + source.unparsedLines, 0);
  const faulty = sources.filter((source) => source.state !== 'complete');
  const sentence =
    sources.length === 0
      ? words.completeness.none
      : faulty.length === 0
        ? words.completeness.complete(sources.length)
        : words.completeness.incomplete(faulty.length, sources.length);
  return (
    <section id="completeness" aria-labelledby="completeness-title">
      <div className="section-head">
        <h2 id="completeness-title">{words.completeness.title}</h2>
        <p className={faulty.length === 0 ? 'muted' : ''}>
          {sentence}
          {removedUntil === undefined
            ? null
            : ` ${words.completeness.removed(format.moment(Date.parse(removedUntil), Date.now()))}`}
        </p>
      </div>
      <ul className="sources">
        {[...faulty, ...sources.filter((source) => source.state === 'complete')].map((source) => (
          <li key={`${source.node} ${source.sourceId}`}>
            <SourceMark state={source.state} />
            <span>
              <Inert text={source.node} charactersMax={80} />{' '}
              <code className="muted">
                <Inert text={source.path} />
              </code>
            </span>
            <span className="muted small">{words.completeness.lines(format.integer(source.lines))}</span>
            <span className="small">{sourceWords(source).join(' · ')}</span>
          </li>
        ))}
      </ul>
      {unparsedLines === 0 ? null : (
        <p className="muted small">{words.completeness.unparsedInAll(format.integer(unparsedLines))}</p>
      )}
    </section>
  );
}

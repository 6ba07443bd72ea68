// One message in the list: a whole-row link, drawn again only when its own data changes. A plain link and
// one handler for all rows: a router's link in each of them is work that a fast scroll pays.
import { type MouseEvent, memo } from 'react';
import type { StorySummaryWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { FateMark } from '../../parts/marks.tsx';
import { Inert, Instant } from '../../parts/text.tsx';
import { keepScope, paths } from '../../paths.ts';
import { visible } from '../../visible.ts';

// Cells are paragraphs of their own, so what they hold turns nothing outside of them; only the recipient shares its cell.

/** A cell shows one line; what is longer is in the story. */
const cellMax = 160;

export const StoryRow = memo(function StoryRow({
  story,
  index,
  topPx,
  domain,
  open,
}: {
  readonly story: StorySummaryWire;
  readonly index: number;
  readonly topPx: number;
  /** The scope, for a tab that the browser opens itself. */
  readonly domain: string | undefined;
  readonly open: (event: MouseEvent<HTMLAnchorElement>) => void;
}) {
  const { words, format } = useConsole();
  const from = story.from === undefined ? words.messages.unknown : story.from || words.messages.emptySender;
  const to = story.to[0] ?? words.messages.unknown;
  const others = story.recipientCount - 1;
  return (
    <tr className="story-row" aria-rowindex={index + 2} data-row style={{ top: topPx }}>
      <td className="c-fate">
        <FateMark fate={story.fate} />
      </td>
      <td className="c-time">
        <Instant at={Date.parse(story.firstSeenAt)} />
      </td>
      <td className={`c-from${story.from ? '' : ' muted'}`} title={visible(from, 400)}>
        {visible(from, cellMax)}
      </td>
      <td className="c-to" title={visible(story.to.join(', '), 400)}>
        <a
          className="row-link"
          href={keepScope(paths.story(story.id), domain)}
          onClick={open}
          aria-label={words.messages.open(visible(from, cellMax), visible(to, cellMax))}
        >
          <Inert text={to} charactersMax={cellMax} />
        </a>
        {others > 0 ? <span className="muted"> {words.messages.more(format.integer(others))}</span> : null}
      </td>
      <td className="c-size">{story.size === undefined ? '' : format.bytes(story.size)}</td>
      <td className="c-node">{visible(story.nodes.join(' → '), cellMax)}</td>
      <td className="c-queue mono">{visible(story.queueIds[0] ?? '', 40)}</td>
      <td className="c-reason muted" title={visible(story.reason ?? '', 400)}>
        {visible(story.reason ?? '', cellMax)}
      </td>
    </tr>
  );
});

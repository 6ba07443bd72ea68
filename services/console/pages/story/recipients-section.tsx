// What became of the message for each recipient: fate, where it went, and the last word of whoever decided.
import { useMemo, useState } from 'react';
import type { RecipientWire, StoryWire } from '../../../protocol/wire.ts';
import { useConsole } from '../../parts/console-context.ts';
import { FateMark } from '../../parts/marks.tsx';
import { Inert, Instant } from '../../parts/text.tsx';
import type { Fate } from '../../words/words.ts';

/** Who did not get it stands first. */
const fateOrder: readonly Fate[] = [
  ...(['bounced', 'expired', 'rejected', 'deferred', 'held', 'in-transit', 'discarded', 'delivered'] as const),
];
/** Rows shown until somebody asks for all. */
const rowsFirst = 50;

function RecipientRow({ recipient }: { readonly recipient: RecipientWire }) {
  const { words, format } = useConsole();
  const where = recipient.mailbox ?? recipient.relay;
  const reason = [recipient.dsn, recipient.reason].filter(Boolean).join(' ');
  return (
    <tr>
      <td>
        <FateMark fate={recipient.fate} />
      </td>
      <td className="address">
        <Inert text={recipient.to} charactersMax={320} />
        {recipient.origTo === undefined || recipient.origTo === recipient.to ? null : (
          <span className="muted small orig">
            <Inert text={words.story.orig(recipient.origTo)} charactersMax={340} />
          </span>
        )}
      </td>
      <td>
        <Inert text={where ?? ''} charactersMax={120} />
        {recipient.sieve === undefined ? null : (
          <span className="muted small orig">
            <Inert text={words.story.sieve[recipient.sieve] ?? recipient.sieve} charactersMax={120} />
          </span>
        )}
      </td>
      <td className="reason">
        <Inert text={reason} charactersMax={600} />
      </td>
      <td className="number">{format.integer(recipient.attempts)}</td>
      <td>
        <Instant at={Date.parse(recipient.time)} />
      </td>
    </tr>
  );
}

export function RecipientsSection({ story }: { readonly story: StoryWire }) {
  const { words, format } = useConsole();
  const [typed, setTyped] = useState('');
  const [showsAll, setShowsAll] = useState(false);
  const matching = useMemo(() => {
    const wanted = typed.trim().toLowerCase();
    const sorted = [...story.recipients].sort((a, b) => fateOrder.indexOf(a.fate) - fateOrder.indexOf(b.fate));
    if (wanted === '') return sorted;
    return sorted.filter((recipient) =>
      [recipient.to, recipient.origTo, recipient.reason, recipient.fate].some((text) =>
        text?.toLowerCase().includes(wanted),
      ),
    );
  }, [story, typed]);
  const shown = showsAll ? matching : matching.slice(0, rowsFirst);
  const { columns } = words.story;
  return (
    <section aria-labelledby="recipients-title">
      <div className="section-head">
        <h2 id="recipients-title">{words.story.recipients}</h2>
        {story.recipients.length > 5 ? (
          <input
            type="search"
            aria-label={words.story.filter}
            placeholder={words.story.filter}
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
          />
        ) : null}
      </div>
      <div className="wide">
        <table className="recipients">
          <thead>
            <tr>
              <th scope="col">{columns.fate}</th>
              <th scope="col">{columns.to}</th>
              <th scope="col">{columns.where}</th>
              <th scope="col">{columns.reason}</th>
              <th scope="col" className="number">
                {columns.attempts}
              </th>
              <th scope="col">{columns.time}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((recipient) => (
              <RecipientRow key={`${recipient.to} ${recipient.origTo ?? ''}`} recipient={recipient} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < matching.length ? (
        <p className="more">
          <span className="muted">
            {words.story.shown(format.integer(shown.length), format.integer(matching.length))}
          </span>{' '}
          <button type="button" onClick={() => setShowsAll(true)}>
            {words.story.showAll(format.integer(matching.length))}
          </button>
        </p>
      ) : null}
      {story.recipientsOmitted === undefined || story.recipientsOmitted === 0 ? null : (
        <p className="muted">{words.story.recipientsOmitted(format.integer(story.recipientsOmitted))}</p>
      )}
    </section>
  );
}

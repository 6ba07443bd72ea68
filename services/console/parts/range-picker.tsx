// Time range of a view: a few usual spans, or two moments.
import { useSearchParams } from 'react-router';
import { localTimeWords } from '../../protocol/time-word.ts';
import { withParams } from '../paths.ts';
import { fixRange, type LastKey, lastKeys, rangeParams, spanText, type TimeRange } from '../time-range.ts';
import { useConsole } from './console-context.ts';

/** `datetime-local` speaks local time without a zone. */
function toLocalField(time: number | undefined): string {
  if (time === undefined) return '';
  return new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function fromLocalField(text: string): number | undefined {
  const time = text === '' ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(time) ? undefined : time;
}

type PickerProps = {
  readonly range: TimeRange;
  readonly onChange: (range: TimeRange) => void;
  /** Absent where a view can only look back from now. */
  readonly custom?: boolean;
  readonly keys?: readonly LastKey[];
};

export function RangePicker({ range, onChange, custom = true, keys = lastKeys }: PickerProps) {
  const { words } = useConsole();
  const between = range.kind === 'between' ? range : undefined;
  return (
    <>
      <select
        aria-label={words.range.label}
        value={range.kind === 'last' ? range.key : 'custom'}
        onChange={({ target }) =>
          onChange(
            target.value === 'custom' ? fixRange(range, Date.now()) : { kind: 'last', key: target.value as LastKey },
          )
        }
      >
        {keys.map((key) => (
          <option key={key} value={key}>
            {words.range.last(spanText(key, words.units))}
          </option>
        ))}
        {custom ? <option value="custom">{words.range.custom}</option> : null}
      </select>
      {between === undefined ? null : (
        <span className="range-fields">
          <input
            type="datetime-local"
            step="1"
            aria-label={words.range.since}
            value={toLocalField(between.since)}
            onChange={({ target }) => onChange({ ...between, since: fromLocalField(target.value) })}
          />
          <span aria-hidden="true">–</span>
          <input
            type="datetime-local"
            step="1"
            aria-label={words.range.until}
            value={toLocalField(between.until)}
            onChange={({ target }) => onChange({ ...between, until: fromLocalField(target.value) })}
          />
        </span>
      )}
    </>
  );
}

/** Copies text, or says why it could not. */
export function useCopy(): (text: string, done: string) => void {
  const { words, announce } = useConsole();
  return (text, done) => {
    // Without a secure context there is no clipboard at all.
    const copying = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    copying.then(
      () => announce(done),
      () => announce(words.copyRefused),
    );
  };
}

/** A link to exactly this view, its times nailed down with their zone, for a chat or a ticket. */
export function CopyLink({ path, range }: { readonly path: string; readonly range: TimeRange }) {
  const { words } = useConsole();
  const [search] = useSearchParams();
  const copy = useCopy();
  return (
    <button
      type="button"
      onClick={() => {
        const params = {
          ...Object.fromEntries(search),
          ...rangeParams(fixRange(range, Date.now())),
          q: localTimeWords(search.get('q') ?? ''),
        };
        copy(`${location.origin}${withParams(path, params)}`, words.copied);
      }}
    >
      {words.copyLink}
    </button>
  );
}

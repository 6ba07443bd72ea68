// The time range of a view, as it stands in the URL: `range=6h` moves with the clock, `since=…&until=…` stands still.
import type { ViewParams } from './paths.ts';

const hourMs = 3_600_000;
/** What the picker offers, from short to long. */
export const lastDurationsMs = {
  '15m': 15 * 60_000,
  '1h': hourMs,
  '6h': 6 * hourMs,
  '24h': 24 * hourMs,
  '7d': 7 * 24 * hourMs,
  '30d': 30 * 24 * hourMs,
} as const;
export type LastKey = keyof typeof lastDurationsMs;
export const lastKeys = Object.keys(lastDurationsMs) as readonly LastKey[];

/** Epoch ms; either end may be open. */
export type TimeRange =
  | { readonly kind: 'last'; readonly key: LastKey }
  | { readonly kind: 'between'; readonly since: number | undefined; readonly until: number | undefined };

/** `24 h` for `24h`, in the units of a language. */
export function spanText(
  key: LastKey,
  units: { readonly min: string; readonly h: string; readonly d: string },
): string {
  const unit = { m: units.min, h: units.h, d: units.d }[key.slice(-1)] ?? '';
  return `${key.slice(0, -1)} ${unit}`;
}

const isLastKey = (text: string): text is LastKey => Object.hasOwn(lastDurationsMs, text);

function readInstant(text: string | null): number | undefined {
  // A day alone would be read as one of UTC.
  const time = text === null ? Number.NaN : Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
  return Number.isNaN(time) ? undefined : time;
}

/** Where no zone is stated, the time is local, as it is shown. What cannot be understood counts as absent, so that a link cut short still opens. */
export function readRange(search: URLSearchParams, fallback: LastKey): TimeRange {
  const since = readInstant(search.get('since'));
  const until = readInstant(search.get('until'));
  if (since !== undefined || until !== undefined) return { kind: 'between', since, until };
  const key = search.get('range') ?? fallback;
  return { kind: 'last', key: isLastKey(key) ? key : fallback };
}

export function rangeParams(range: TimeRange): ViewParams {
  if (range.kind === 'last') return { range: range.key, since: undefined, until: undefined };
  const iso = (time: number | undefined): string | undefined =>
    time === undefined ? undefined : new Date(time).toISOString();
  return { range: undefined, since: iso(range.since), until: iso(range.until) };
}

/** The parameters of a view with another range. */
export function withRange(search: URLSearchParams, range: TimeRange): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(rangeParams(range))) {
    if (value === undefined) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** The same range with both ends nailed down, for a link that still shows the same thing tomorrow. */
export function fixRange(range: TimeRange, now: number): TimeRange {
  return range.kind === 'between' ? range : { kind: 'between', since: now - lastDurationsMs[range.key], until: now };
}

export function sinceOf(range: TimeRange, now: number): number | undefined {
  return range.kind === 'between' ? range.since : now - lastDurationsMs[range.key];
}

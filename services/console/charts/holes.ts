// Where a chart must not be trusted, drawn from what the answer says about its sources.
import type { CompletenessWire, SourceCompletenessWire } from '../../protocol/wire.ts';

/** Epoch ms, `since` < `until`. */
export type Interval = { readonly since: number; readonly until: number };

/** Overlapping and touching intervals become one. */
export function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const interval of [...intervals].sort((a, b) => a.since - b.since)) {
    const last = merged.at(-1);
    if (last !== undefined && interval.since <= last.until)
      merged[merged.length - 1] = { since: last.since, until: Math.max(last.until, interval.until) };
    else merged.push(interval);
  }
  return merged;
}

function holesOfSource(source: SourceCompletenessWire, whole: Interval): Interval[] {
  switch (source.state) {
    case 'complete':
      return [];
    case 'unknown':
      return [{ since: Date.parse(source.lastSeenAt), until: whole.until }];
    case 'suppressed':
    case 'gap': {
      const gaps = source.gaps?.map(({ since, until }) => ({ since: Date.parse(since), until: Date.parse(until) }));
      return gaps ?? [whole];
    }
  }
}

/**
 * The intervals in which lines are missing, were not heard or were removed by retention, cut to the answer's own interval. A hole whose place is not
 * known may be anywhere in it, so all of it counts.
 */
export function holesOf(completeness: CompletenessWire): Interval[] {
  const whole = { since: Date.parse(completeness.since), until: Date.parse(completeness.until) };
  const removed =
    completeness.removedUntil === undefined
      ? []
      : [{ since: whole.since, until: Date.parse(completeness.removedUntil) }];
  const cut = [...removed, ...completeness.sources.flatMap((source) => holesOfSource(source, whole))].map(
    ({ since, until }) => ({ since: Math.max(since, whole.since), until: Math.min(until, whole.until) }),
  );
  return mergeIntervals(cut.filter(({ since, until }) => since < until));
}

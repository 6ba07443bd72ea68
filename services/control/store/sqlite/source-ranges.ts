// Which bytes of a source are stored. Ranges are a flat ascending list [first, last, first, last, …], `last` exclusive.

/** Holes of one source that are remembered; a source with more loses the oldest, which then can no longer be filled. */
export const rangesMax = 1_024;

export type Claim = {
  /** The parts of the batch that are new, as a flat list. */
  readonly fresh: readonly number[];
  /** All that is stored afterwards. */
  readonly ranges: readonly number[];
  /** The hole in front of the batch that it opens, if any. */
  readonly gap?: { readonly first: number; readonly last: number };
};

/**
 * What is new in [first, last)? A batch beyond the end opens a gap; one within a gap fills it. The first batch of a
 * source opens none: what was before it was never promised. A batch of nothing is an agent's word that the source went on to
 * there and is gone: it opens the gap, and the mark that it leaves makes room for whatever comes to fill it.
 */
export function claimRange(stored: readonly number[], first: number, last: number): Claim {
  if (first === last) return claimNothing(stored, first);
  const ranges = stored.filter((bound, at) => bound !== stored[at % 2 === 0 ? at + 1 : at - 1]);
  const fresh: number[] = [];
  let at = first;
  for (let index = 0; index + 1 < ranges.length && at < last; index += 2) {
    const [from, to] = [ranges[index] ?? 0, ranges[index + 1] ?? 0];
    if (to <= at) continue;
    if (from >= last) break;
    if (from > at) fresh.push(at, from);
    at = to;
  }
  if (at < last) fresh.push(at, last);
  const end = ranges.at(-1);
  const gap = end !== undefined && first > end ? { gap: { first: end, last: first } } : {};
  return { fresh, ranges: fresh.length === 0 ? ranges : merge(ranges, fresh), ...gap };
}

function claimNothing(ranges: readonly number[], last: number): Claim {
  const first = ranges.at(-1) ?? 0;
  return last > first ? { fresh: [], ranges: [...ranges, last, last], gap: { first, last } } : { fresh: [], ranges };
}

/** How far a source is stored, and from where to where its first hole goes when it has one. */
export function offsetsOf(ranges: readonly number[]): {
  readonly lastOffset: number;
  readonly wholeTo?: number;
  readonly holeTo?: number;
} {
  const lastOffset = ranges.at(-1) ?? 0;
  const [first = 0, wholeTo = 0, second = 0] = ranges;
  if (ranges.length <= 2 && first === 0) return { lastOffset };
  return first === 0 ? { lastOffset, wholeTo, holeTo: second } : { lastOffset, wholeTo: 0, holeTo: first };
}

function merge(ranges: readonly number[], fresh: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (const list of [ranges, fresh])
    for (let at = 0; at + 1 < list.length; at += 2) pairs.push([list[at] ?? 0, list[at + 1] ?? 0]);
  pairs.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [from, to] of pairs) {
    const end = merged.at(-1);
    if (end !== undefined && from <= end) merged[merged.length - 1] = Math.max(end, to);
    else merged.push(from, to);
  }
  // The oldest holes are closed: what would fill them counts as a duplicate from now on.
  while (merged.length > rangesMax * 2) merged.splice(1, 2);
  return merged;
}

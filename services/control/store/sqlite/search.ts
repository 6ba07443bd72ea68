// Search over stories, newest first, a page at a time. Work is bounded: a page that had to look at too much ends early and
// its cursor goes on from there.
import type { DatabaseSync } from 'node:sqlite';
import { hashKey } from '../../../logs/key-hash.ts';
import { searchKeys } from '../../../logs/story-keys.ts';
import { readStoryQuery, type StorySearch } from '../../../logs/story-query.ts';
import type { StoryState } from '../../../logs/story-state.ts';
import { mayHold, toSummary } from '../../../logs/story-view.ts';
import { type BoundedCount, pageLimits, type StoryPage, type StoryQuery } from '../../../protocol/api.ts';
import { AppError } from '../../../protocol/errors.ts';
import { type Fate, fateSchema, type StorySummary } from '../../../protocol/story.ts';
import type { createCompletenessReader } from './completeness.ts';
import { createLookupReader, type Segment } from './lookup.ts';

export const searchLimits = {
  /** Stories looked at for one page. */
  candidatesMax: 20_000,
  /** Lookup entries looked at for one page. */
  entriesMax: 4_000_000,
  /** Stories remembered at once while segments overlap in time; beyond it the older half is left for the next page. */
  metMax: 200_000,
} as const;

/** A place in the order of stories: by first second, then by number, both falling. */
export type Place = { readonly second: number; readonly no: number };

/** What the list of stories needs of a row before it loads the story. `last_s` and `open` as in the table. */
export type StoryRow = {
  readonly no: number;
  readonly first_s: number;
  readonly last_s: number;
  readonly open: number;
  readonly fate: string;
};

export function createSearch(
  db: DatabaseSync,
  deps: {
    readonly load: (no: number) => StoryState | undefined;
    readonly completeness: ReturnType<typeof createCompletenessReader>;
    readonly now: () => number;
  },
) {
  const lookup = createLookupReader(db);
  const readRow = db.prepare('SELECT no, first_s, last_s, open, fate, merged_into FROM story WHERE no = ?');
  const scan = db.prepare(
    `SELECT no, first_s, last_s, open, fate FROM story INDEXED BY story_by_first
     WHERE merged_into IS NULL AND (first_s, no) < (?, ?) AND first_s >= ? ORDER BY first_s DESC, no DESC`,
  );

  /** Rows in order, straight from the index by time. */
  function* byTime(from: Place, sinceSecond: number): Generator<StoryRow> {
    for (const row of scan.iterate(from.second, from.no, sinceSecond)) yield rowOf(row);
  }

  /** Rows that have a key of every list, in order, from the lookup. */
  function* byKeys(
    conditions: ReadonlyArray<readonly string[]>,
    from: Place,
    sinceSecond: number,
    work: Work,
  ): Generator<StoryRow> {
    const hashes = conditions.map((keys) => keys.map(hashKey));
    const all = 2 ** conditions.length - 1;
    const segments = lookup.segments(sinceSecond, from.second);
    // Keys of one story may lie in several segments, under the same second: a story is judged when all segments that
    // reach its second have been read.
    const met: Met = new Map();
    // Nothing at or before this second is remembered any more.
    let floor = sinceSecond - 1;
    for (const [at, segment] of segments.entries()) {
      if (segment.max_s <= floor) break;
      work.entries += readSegment(segment, hashes, met, from, floor + 1);
      if (met.size > searchLimits.metMax) {
        floor = Math.max(floor, forgetOlderHalf(met, from.second));
        work.stoppedAt = { second: floor, no: Number.MAX_SAFE_INTEGER };
      }
      const reachedSecond = segments[at + 1]?.max_s ?? -1;
      const ready: Place[] = [];
      for (const [no, { second, mask }] of met) {
        if (second <= reachedSecond) continue;
        met.delete(no);
        if (mask === all) ready.push({ second, no });
      }
      ready.sort((a, b) => b.second - a.second || b.no - a.no);
      for (const place of ready) {
        const row = readRow.get(place.no);
        // A story that was merged or whose beginning moved has other entries that are right.
        if (row === undefined || row.merged_into !== null || Number(row.first_s) !== place.second) continue;
        yield rowOf(row);
      }
      // A cursor that would not lead on is none.
      if (work.entries > searchLimits.entriesMax && reachedSecond > floor && reachedSecond < from.second) {
        work.stoppedAt = { second: reachedSecond, no: Number.MAX_SAFE_INTEGER };
        return;
      }
    }
  }

  function readSegment(segment: Segment, hashes: number[][], met: Met, from: Place, sinceSecond: number): number {
    let looked = 0;
    for (const [condition, alternatives] of hashes.entries()) {
      const bit = 2 ** condition;
      for (const hash of alternatives) {
        looked += lookup.visit(segment, hash, (no, second) => {
          if (second < sinceSecond || second > from.second || (second === from.second && no >= from.no)) return;
          const known = met.get(no);
          if (known === undefined) met.set(no, { second, mask: bit });
          else if (known.second === second) known.mask |= bit;
          else met.set(no, { second: Math.min(known.second, second), mask: bit | known.mask });
        });
      }
    }
    return looked;
  }

  function rowsOf(search: StorySearch, start: Place, work: Work): Generator<StoryRow> {
    const sinceSecond = search.since === undefined ? 0 : Math.floor(search.since / 1000);
    if (search.conditions.length > 0) return byKeys(search.conditions, start, sinceSecond, work);
    if (search.fate !== undefined || search.node !== undefined)
      return byKeys(broadConditions(search), start, sinceSecond, work);
    return byTime(start, sinceSecond);
  }

  /** The row of the list; `undefined` for a story that is not of the search. */
  function judge(row: StoryRow, search: StorySearch): StorySummary | undefined {
    if (search.fate !== undefined && !isFateOf(search, row.fate, search.fate)) return undefined;
    const state = deps.load(row.no);
    if (state === undefined) return undefined;
    if (search.node !== undefined && !state.legs.some((leg) => leg.node === search.node)) return undefined;
    const summary = toSummary(state, search.scope);
    if (search.fate !== undefined && summary.fate !== search.fate) return undefined;
    if (search.since !== undefined && summary.firstSeenAt < search.since) return undefined;
    if (search.until !== undefined && summary.firstSeenAt > search.until) return undefined;
    return summary;
  }

  function list(query: StoryQuery): StoryPage {
    const search = readStoryQuery(query);
    const limit = query.limit ?? pageLimits.storiesDefault;
    const start = query.cursor === undefined ? startOf(search) : readCursor(query.cursor);
    const work: Work = { entries: 0 };
    const items: StorySummary[] = [];
    let next: Place | undefined;
    let looked = 0;
    let last = start;
    for (const row of rowsOf(search, start, work)) {
      if (items.length === limit || looked === searchLimits.candidatesMax) {
        next = last;
        break;
      }
      looked += 1;
      last = { second: row.first_s, no: row.no };
      const summary = judge(row, search);
      if (summary !== undefined) items.push(summary);
    }
    next ??= work.stoppedAt;
    const until = search.until ?? Math.max(deps.now(), deps.completeness.extent()?.until ?? 0);
    const interval = { since: search.since ?? deps.completeness.extent()?.since ?? until, until };
    return {
      items,
      ...(next === undefined ? {} : { nextCursor: `${next.second}.${next.no}` }),
      completeness: deps.completeness.read(interval),
    };
  }

  /** As many as the list would hold, without making it; the story itself is asked only where its row does not tell. */
  function count(query: Omit<StoryQuery, 'cursor' | 'limit'>, countMax: number): BoundedCount {
    const search = readStoryQuery(query);
    const work: Work = { entries: 0 };
    const isToldByRow = ({ first_s, fate }: StoryRow): boolean =>
      search.node === undefined &&
      (search.fate === undefined || (search.scope === undefined && fate === search.fate)) &&
      (search.since === undefined || first_s * 1000 >= search.since) &&
      (search.until === undefined || first_s * 1000 + 999 <= search.until);
    let [found, looked] = [0, 0];
    for (const row of rowsOf(search, startOf(search), work)) {
      if (found === countMax || looked === searchLimits.candidatesMax) return { count: found, atLeast: true };
      looked += 1;
      if (isToldByRow(row) || judge(row, search) !== undefined) found += 1;
    }
    return { count: found, atLeast: work.stoppedAt !== undefined };
  }

  return { list, count, byKeys };
}

/** What became of the whole message may be another thing than what became of it in the scope: only the story tells then. */
function isFateOf({ scope }: StorySearch, whole: string, fate: Fate): boolean {
  const parsed = fateSchema.safeParse(whole);
  return whole === fate || (scope !== undefined && (!parsed.success || mayHold(parsed.data, fate)));
}

const rowOf = (row: Record<string, unknown>): StoryRow => ({
  ...{ no: Number(row.no), first_s: Number(row.first_s), last_s: Number(row.last_s), open: Number(row.open) },
  fate: String(row.fate),
});

/** Story number → its second, and a bit for each condition that it was met under. */
type Met = Map<number, { second: number; mask: number }>;

/**
 * Keeps the younger half, and all of the second at which the page began, so that the next page begins further on. Returns the
 * second up to which everything was forgotten.
 */
export function forgetOlderHalf(met: Met, fromSecond: number): number {
  const seconds = Uint32Array.from(met.values(), ({ second }) => second).sort();
  const floor = Math.min(seconds[seconds.length >> 1] ?? 0, fromSecond - 1);
  for (const [no, { second }] of met) if (second <= floor) met.delete(no);
  return floor;
}

/** Lookup entries seen, and the place where a page had to end early. */
export type Work = { entries: number; stoppedAt?: Place };

const startOf = (search: StorySearch): Place => ({
  second: search.until === undefined ? 0xffffffff : Math.floor(search.until / 1000),
  no: Number.MAX_SAFE_INTEGER,
});

/** Keys that many stories have are only looked up when there is no narrower one; otherwise the story itself is asked. */
function broadConditions(search: StorySearch): string[][] {
  return [
    ...(search.fate === undefined ? [] : [[searchKeys.fate(search.fate)]]),
    ...(search.node === undefined ? [] : [[searchKeys.node(search.node)]]),
  ];
}

function readCursor(cursor: string): Place {
  const [, second, no] = /^(\d{1,10})\.(\d{1,16})$/.exec(cursor) ?? [];
  if (second === undefined || no === undefined)
    throw new AppError('bad-cursor', 'The cursor is not one that this search gave.', {
      hint: 'Begin again without it.',
    });
  return { second: Number(second), no: Number(no) };
}

// The time axis of a story. Mail moves in milliseconds and waits for days: where nothing happens for long, the axis is
// broken, and what stands between two breaks has a scale of its own. Long runs of put-off attempts are folded into one break.
import { type Interval, mergeIntervals } from '../../charts/holes.ts';
import type { Lane } from './lanes.ts';

export type AxisPart = {
  readonly kind: 'scale' | 'break';
  readonly since: number;
  readonly until: number;
  readonly left: number;
  readonly right: number;
  /** Attempts inside a break that are not drawn. */
  readonly folded: number;
};

export type StoryAxis = {
  readonly parts: readonly AxisPart[];
  readonly isBroken: boolean;
  /** Pixels from the left edge of the drawing. */
  readonly x: (time: number) => number;
  /** False inside a fold, where nothing is drawn. */
  readonly shows: (time: number) => boolean;
};

/** A pause shorter than this never breaks the axis. */
const pauseMsMin = 10_000;
/** An axis is broken only when pauses make up this share of it. */
const pauseShareMin = 0.5;
/** Parts with a scale that are drawn at most; those in the middle give way, unless more than waiting happens there. */
const partsMax = 8;
const partsKeptEachEnd = 3;
const partPxMin = 30;
const breakPx = 56;

/** When something happens: arrivals, attempts, ends. */
function activityOf(lanes: readonly Lane[]): Interval[] {
  const points = lanes.flatMap((lane): Interval[] => [
    { since: lane.since, until: lane.before?.until ?? lane.since },
    ...lane.attempts.map((group) => ({ since: group.since, until: group.time })),
    { since: lane.until, until: lane.until },
  ]);
  return mergeIntervals(points);
}

/** Neighbours that lie close together, measured by how long what happens takes, make one part. */
function joinNear(intervals: readonly Interval[]): Interval[] {
  const longest = Math.max(0, ...intervals.map(({ since, until }) => until - since));
  const pauseMs = Math.max(pauseMsMin, longest / 2);
  const joined: Interval[] = [];
  for (const interval of intervals) {
    const last = joined.at(-1);
    if (last !== undefined && interval.since - last.until < pauseMs)
      joined[joined.length - 1] = { since: last.since, until: interval.until };
    else joined.push(interval);
  }
  return joined;
}

/** Which parts are drawn when there are too many: the ends, and where something else than a deferral happens. */
function keepParts(parts: readonly Interval[], lanes: readonly Lane[]): Interval[] {
  if (parts.length <= partsMax) return [...parts];
  const turns = lanes.flatMap((lane) =>
    lane.attempts.filter((group) => group.fate !== 'deferred').map((group) => group.time),
  );
  const isTurn = (part: Interval): boolean => turns.some((time) => time >= part.since && time <= part.until);
  const middle = parts.slice(partsKeptEachEnd, -partsKeptEachEnd).filter(isTurn);
  return [
    ...parts.slice(0, partsKeptEachEnd),
    ...middle.slice(0, partsMax - 2 * partsKeptEachEnd),
    ...parts.slice(-partsKeptEachEnd),
  ];
}

export function layAxis(lanes: readonly Lane[], left: number, right: number): StoryAxis {
  const activity = activityOf(lanes);
  const since = Math.min(...lanes.map((lane) => lane.since));
  const until = Math.max(since + 1, ...lanes.map((lane) => lane.until), ...activity.map((interval) => interval.until));
  const joined = joinNear(activity);
  const busyMs = joined.reduce((sum, part) => sum + part.until - part.since, 0);
  const isBroken = joined.length > 1 && until - since - busyMs > pauseShareMin * (until - since);
  const kept = isBroken ? keepParts(joined, lanes) : [{ since, until }];

  const attemptTimes = lanes.flatMap((lane) => lane.attempts.map((group) => group.time));
  // A narrow screen gets narrower breaks rather than no room for the parts.
  const breakWidth = Math.min(breakPx, (0.45 * (right - left)) / Math.max(1, kept.length - 1));
  const partWidthMin = Math.min(partPxMin, (0.5 * (right - left)) / kept.length);
  const room = right - left - breakWidth * (kept.length - 1) - partWidthMin * kept.length;
  const weights = kept.map((part) => Math.sqrt(part.until - part.since + 1));
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);

  const parts: AxisPart[] = [];
  let at = left;
  kept.forEach((part, index) => {
    const before = kept[index - 1];
    if (before !== undefined) {
      const folded = attemptTimes.filter((time) => time > before.until && time < part.since).length;
      parts.push({ kind: 'break', since: before.until, until: part.since, left: at, right: at + breakWidth, folded });
      at += breakWidth;
    }
    const width = kept.length === 1 ? right - left : partWidthMin + (room * (weights[index] ?? 0)) / weightSum;
    parts.push({ kind: 'scale', ...part, left: at, right: at + width, folded: 0 });
    at += width;
  });

  const partAt = (time: number): AxisPart | undefined =>
    parts.find((part) => time <= part.until) ?? parts[parts.length - 1];
  return {
    parts,
    isBroken,
    x(time) {
      const part = partAt(time);
      if (part === undefined) return left;
      const span = part.until - part.since;
      const share = span === 0 ? 0.5 : Math.min(1, Math.max(0, (time - part.since) / span));
      return part.left + share * (part.right - part.left);
    },
    shows(time) {
      const part = partAt(time);
      return part === undefined || part.kind === 'scale' || time <= part.since || time >= part.until;
    },
  };
}

/** Round steps, in ms, from a millisecond to a week. */
const stepsMs = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 4, 6, 12, 24, 48, 168].map((hours) => hours * 3_600_000),
];

/** Ticks of an even axis: offsets from its beginning, at most `countMax` of them. */
export function evenTicks(since: number, until: number, countMax: number): number[] {
  const step = stepsMs.find((candidate) => (until - since) / candidate <= countMax) ?? until - since;
  return Array.from({ length: Math.floor((until - since) / step) + 1 }, (_, index) => since + index * step);
}

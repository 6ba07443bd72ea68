// Local time of a named zone → instant. Pure: the zone's rules come with the platform, the present is an argument.

export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export type Zone = {
  /**
   * `localMs` is a wall-clock reading taken as if it were UTC. Where the clock was turned back the reading names two
   * instants: the one nearer to `nearMs` is taken. A reading that the zone skipped is read with the offset before it.
   */
  readonly toInstant: (localMs: number, nearMs: number) => number;
};

/** An unknown zone name (it may come from another machine) is read as UTC. */
export function createZone(timeZone: string): Zone {
  const format = zoneFormat(timeZone);
  if (format === undefined) return { toInstant: (localMs) => localMs };

  const offsetAt = (instantMs: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1000) * 1000;
  };
  return {
    toInstant(localMs, nearMs) {
      const before = offsetAt(localMs - dayMs);
      const after = offsetAt(localMs + dayMs);
      if (before === after) return localMs - before;
      const early = localMs - before;
      const late = localMs - after;
      const isEarly = offsetAt(early) === before;
      const isLate = offsetAt(late) === after;
      if (isEarly && isLate) return Math.abs(late - nearMs) < Math.abs(early - nearMs) ? late : early;
      return isLate ? late : early;
    },
  };
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  } catch {
    return undefined;
  }
}

/** Milliseconds of a date and time as if it were UTC; `NaN` when there is no such date or time. A leap second is the next one. */
export function wallClock(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  if (!(hour < 24 && minute < 60 && second < 61) || year < 1970 || year > 9998) return Number.NaN;
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  return midnight + hour * hourMs + minute * 60_000 + second * 1000;
}

/** How far a clock may run ahead of ours before its date is taken for last year's. */
const aheadMsMax = 2 * dayMs;

/**
 * The year that RFC 3164 leaves out. With an exact time from the same file the nearest year is taken, otherwise the
 * latest one that does not lie ahead of `nowMs`. Returns the wall clock, or `NaN` for a date that no year has.
 */
export function inferYear(
  month: number,
  day: number,
  secondOfDay: number,
  reference: { readonly nowMs: number; readonly exactMs: number | undefined },
): number {
  const { nowMs, exactMs } = reference;
  const year = new Date(exactMs ?? nowMs).getUTCFullYear();
  let best = Number.NaN;
  // Nine years reach over a century that has no leap day.
  for (let candidate = year + 1; candidate >= year - 8; candidate--) {
    const time = wallClock(candidate, month, day, 0, 0, 0) + secondOfDay * 1000;
    if (Number.isNaN(time)) continue;
    if (exactMs === undefined) {
      if (time <= nowMs + aheadMsMax) return time;
    } else if (Number.isNaN(best) || Math.abs(time - exactMs) < Math.abs(best - exactMs)) best = time;
  }
  return best;
}

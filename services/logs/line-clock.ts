// Years of one log, line by line: the year that RFC 3164 leaves out follows from the lines before, because a log goes on.
import { dayMs } from './header/calendar.ts';
import { createHeaderScanner, type HeaderScanner } from './header/header.ts';

export type LineClock = {
  /** Epoch milliseconds of the line; of one that states no time, that of the line before. */
  readonly read: (line: string) => number;
  /** True once a line was read before what the start allows: then the start is wrong (no year has its 29 February there). */
  readonly isAstray: () => boolean;
};

/** Lines are read within this much before the place where the clock stands, and a year less this much after it. */
const behindMs = 13 * dayMs;
/** The parser takes a date for the latest one that is not two days ahead of its present: the year's other end. */
const presentMs = 365 * dayMs - behindMs - 2 * dayMs;
/** The clock moves on when the lines have gone on for this long … */
const stepMs = 7 * dayMs;
/** … and so many in a row say so, or so many days: one host with a wrong date must not turn the year for all others. */
const linesAheadMin = 64;
const daysAheadMin = 3;

/** A clock that stands at `time`, the time of the first line or of one shortly before it. */
export function createLineClock(start: { readonly time: number; readonly timeZone: string }): LineClock {
  const { timeZone } = start;
  let standsAt = start.time;
  let time = start.time;
  let isAstray = false;
  let headers: HeaderScanner = createHeaderScanner({ now: standsAt + presentMs, timeZone });
  let linesAhead = 0;
  let daysAhead = 0;
  let lastDay = 0;

  function moveTo(place: number): void {
    standsAt = place;
    headers = createHeaderScanner({ now: standsAt + presentMs, timeZone });
    [linesAhead, daysAhead, lastDay] = [0, 0, 0];
  }

  return {
    read: (line) => {
      headers.scan(line, 0);
      const { header } = headers;
      if (header.timeConfidence === 'none') return time;
      time = header.time;
      if (time < standsAt - behindMs) {
        if (header.timeConfidence === 'year-assumed') isAstray = true;
        else moveTo(time);
      } else if (time <= standsAt + stepMs) {
        [linesAhead, daysAhead, lastDay] = [0, 0, 0];
      } else {
        linesAhead += 1;
        const day = Math.floor(time / dayMs);
        if (day > lastDay) [lastDay, daysAhead] = [day, daysAhead + 1];
        if (linesAhead >= linesAheadMin || daysAhead >= daysAheadMin) moveTo(time);
      }
      return time;
    },
    isAstray: () => isAstray,
  };
}

/** Time of a line on its own, as one that was written before `now`; `undefined` when it states none. */
export function timeOfLine(
  line: string,
  context: { readonly now: number; readonly timeZone: string },
): { readonly time: number; readonly isYearStated: boolean } | undefined {
  const headers = createHeaderScanner(context);
  headers.scan(line, 0);
  const { time, timeConfidence } = headers.header;
  return timeConfidence === 'none' ? undefined : { time, isYearStated: timeConfidence !== 'year-assumed' };
}

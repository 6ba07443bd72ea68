// Which stretch of time a report is about.
import { createZone } from '../logs/header/calendar.ts';
import { createReportClock } from '../logs/report-clock.ts';
import { readTime } from './read-time.ts';

export type Period = 'daily' | 'weekly';
/** Epoch milliseconds, both included; an open end is absent. */
export type Interval = { readonly since?: number; readonly until?: number };

const dayMs = 86_400_000;
const daysOf: Readonly<Record<Period, number>> = { daily: 1, weekly: 7 };

/**
 * A period without a start is the last whole day, or the last seven, of the zone; with `from` it begins there. A bare date is
 * midnight of the zone. @throws AppError `bad-query` for what is no time.
 */
export function readInterval(
  asked: { readonly period?: Period | undefined; readonly from?: string | undefined; readonly to?: string | undefined },
  place: { readonly now: number; readonly timeZone: string },
): Interval {
  const { now, timeZone } = place;
  const localDay = createReportClock(timeZone);
  const zone = createZone(timeZone);
  const midnight = (day: string, plusDays = 0): number => {
    const local = Date.parse(`${day}T00:00:00Z`) + plusDays * dayMs;
    return zone.toInstant(local, local);
  };
  const timeOf = (option: string, text: string): number =>
    /^\d{4}-\d\d-\d\d$/.test(text) ? midnight(readDay(option, text, now)) : readTime(option, text, now);

  const to = asked.to === undefined ? undefined : timeOf('--to', asked.to) - 1;
  const days = asked.period === undefined ? undefined : daysOf[asked.period];
  if (asked.from !== undefined) {
    const since = timeOf('--from', asked.from);
    if (to !== undefined) return { since, until: to };
    if (days === undefined) return { since };
    const startsDay = midnight(localDay(since).day) === since;
    return { since, until: (startsDay ? midnight(localDay(since).day, days) : since + days * dayMs) - 1 };
  }
  if (days === undefined) return to === undefined ? {} : { until: to };
  const endDay = localDay(to === undefined ? now : to + 1).day;
  return { since: midnight(endDay, -days), until: to ?? midnight(endDay) - 1 };
}

/** The date, when it is one. */
function readDay(option: string, text: string, now: number): string {
  readTime(option, text, now);
  return text;
}

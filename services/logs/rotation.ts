// What a rotated file's name says: which log it is part of, and where in it.
import { dayMs } from './header/calendar.ts';

export type Rotation = {
  /** The path without what logrotate(8) and compressors add: `mail.log` of `mail.log.2.gz` and `mail.log-20261122`. */
  readonly log: string;
  /** Files of one log in the order of this were written one after the other. */
  readonly rank: number;
};

/** @see logrotate(8): `start`, `dateext` and `dateformat`. */
export function readRotation(path: string): Rotation {
  const [, log = path, number, date] =
    /^(.*?)(?:\.(\d{1,4})|-(\d{8}(?:-?\d+)?))?(?:\.(?:gz|bz2|xz|zst))?$/s.exec(path) ?? [];
  if (number !== undefined) return { log, rank: -Number(number) };
  if (date !== undefined) return { log, rank: Number(date.replace('-', '.')) };
  return { log, rank: Number.POSITIVE_INFINITY };
}

/** Months are written within the period that a name states, or just before it: a rotation is named by the day it was made. */
const namedAfterMs = 31 * dayMs;

/**
 * Until when the lines of a file can have been written, as its name tells (`mail.log-20211101`, `mail-2021-10.log`,
 * `mail.2021.gz`): epoch milliseconds, `undefined` when it names no date.
 */
export function readNamedEnd(path: string): number | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const [, year, month, day] =
    /(?<!\d)((?:19|20)\d\d)(?:[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)/.exec(name) ?? [];
  if (year === undefined) return undefined;
  if (month === undefined) return Date.UTC(Number(year) + 1, 0, 1);
  if (day === undefined) return Date.UTC(Number(year), Number(month), 1) + namedAfterMs;
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) + namedAfterMs;
}

// The time at the head of a line: RFC 3164 (`Nov 22 05:24:26`), RFC 3339 and its local forms, TAI64N (`@4000…`).
import type { TimeConfidence } from '../../protocol/mail-event.ts';
import { isDigit, skipDigits } from '../scan.ts';
import { createZone, hourMs, inferYear, wallClock } from './calendar.ts';

export type TimeScanner = {
  /** Reads the time at `start` into the fields below. Returns the position after it, or `start` when there is none. */
  readonly scan: (line: string, start: number) => number;
  /** Takes a time that stands in another form: a wall clock, in the source's zone unless `offsetMinutes` east of UTC are stated. */
  readonly take: (localMs: number, offsetMinutes: number | undefined) => void;
  /** Epoch milliseconds; the time of arrival when the line has no usable time. */
  time: number;
  confidence: TimeConfidence;
};

const monthNames = 'JanFebMarAprMayJunJulAugSepOctNovDec';
/** TAI64 counts from 2^62 and runs ten seconds ahead of what its writers (daemontools) take for UTC. */
const tai64Epoch = 0x40000000;
const tai64AheadSeconds = 10;

const digit = (line: string, at: number): number => line.charCodeAt(at) - 48;
/** Two digits as a number; more than 99 when they are none. */
function two(line: string, at: number): number {
  const tens = digit(line, at);
  const ones = digit(line, at + 1);
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

/** `+hhmm` or `-hhmm` and a space. */
function isZone(line: string, at: number): boolean {
  const sign = line.charCodeAt(at);
  return (sign === 43 || sign === 45) && skipDigits(line, at + 1) === at + 5 && line.charCodeAt(at + 5) === 32;
}

/** MariaDB pads the hour with a space. */
function hourAt(line: string, at: number): number {
  return line.charCodeAt(at) === 32 ? two(`0${line[at + 1] ?? ''}`, 0) : two(line, at);
}

export function createTimeScanner(context: { readonly now: number; readonly timeZone: string }): TimeScanner {
  const zone = createZone(context.timeZone);
  let exactMs: number | undefined;
  // The last hour seen in each form: its text, and the instant at which it began.
  let traditionalText = '';
  let traditionalMs = Number.NaN;
  let traditionalHour = '';
  let traditionalHourMs = Number.NaN;
  let localHour = '';
  let localHourMs = Number.NaN;
  let statedHour = '';
  let statedHourMs = Number.NaN;

  const scanner: TimeScanner = { scan, take, time: context.now, confidence: 'none' };

  function toInstant(localMs: number): number {
    return zone.toInstant(localMs, scanner.confidence === 'none' ? context.now : scanner.time);
  }

  /** In the hour that a zone repeats the clock jumps back within one hour's name: then that hour is read anew. */
  function isTurnedBack(time: number): boolean {
    return time + hourMs / 2 < scanner.time;
  }

  function found(time: number, confidence: TimeConfidence): void {
    if (Number.isNaN(time)) {
      scanner.time = context.now;
      scanner.confidence = 'none';
    } else {
      scanner.time = time;
      scanner.confidence = confidence;
      if (confidence === 'exact') exactMs = time;
    }
  }

  function take(localMs: number, offsetMinutes: number | undefined): void {
    if (offsetMinutes === undefined) found(toInstant(localMs), 'zone-assumed');
    else found(localMs - offsetMinutes * 60_000, 'exact');
  }

  /** Minutes, seconds and a fraction: `mm:ss[.ffffff]` at `start`. Returns milliseconds past the hour or `NaN`; sets `clockEnd`. */
  let clockEnd = 0;
  function scanMinutes(line: string, start: number): number {
    const minute = two(line, start);
    const second = two(line, start + 3);
    clockEnd = start + 5;
    if (minute > 59 || second > 60 || line.charCodeAt(start + 2) !== 58) return Number.NaN;
    const separator = line.charCodeAt(clockEnd);
    if ((separator !== 46 && separator !== 44) || !isDigit(line.charCodeAt(clockEnd + 1)))
      return minute * 60_000 + second * 1000;
    const fractionEnd = skipDigits(line, clockEnd + 1);
    let milliseconds = 0;
    for (let place = 100, at = clockEnd + 1; at < fractionEnd && place >= 1; place /= 10, at++)
      milliseconds += digit(line, at) * place;
    clockEnd = fractionEnd;
    return minute * 60_000 + second * 1000 + milliseconds;
  }

  /** `Nov 22 05:24:26`, also `Nov  2`, `Nov 2`, and with a year after the day. */
  function scanTraditional(line: string, start: number): number {
    if (traditionalText !== '' && line.startsWith(traditionalText, start)) {
      scanner.time = traditionalMs;
      scanner.confidence = 'year-assumed';
      return start + traditionalText.length - 1;
    }
    if (traditionalHour !== '' && line.startsWith(traditionalHour, start)) {
      const past = scanMinutes(line, start + traditionalHour.length);
      if (!Number.isNaN(past) && !isTurnedBack(traditionalHourMs + past)) {
        foundTraditional(line, start, traditionalHourMs + past);
        return clockEnd;
      }
    }
    const month = monthNames.indexOf(line.slice(start, start + 3));
    if (month < 0 || month % 3 !== 0 || line.charCodeAt(start + 3) !== 32) return start;
    let at = start + 4;
    if (line.charCodeAt(at) === 32) at++;
    const dayEnd = skipDigits(line, at);
    if (dayEnd === at || dayEnd > at + 2 || line.charCodeAt(dayEnd) !== 32) return start;
    const day = Number(line.slice(at, dayEnd));
    at = dayEnd + 1;
    let year: number | undefined;
    if (skipDigits(line, at) === at + 4 && line.charCodeAt(at + 4) === 32) {
      year = Number(line.slice(at, at + 4));
      at += 5;
    }
    const hour = two(line, at);
    if (line.charCodeAt(at + 2) !== 58) return start;
    const past = scanMinutes(line, at + 3);
    if (Number.isNaN(past) || hour > 99) return start;
    const end = clockEnd;
    if (hour > 23) {
      found(Number.NaN, 'none');
      return end;
    }
    const monthNumber = month / 3 + 1;
    if (year !== undefined) {
      found(toInstant(wallClock(year, monthNumber, day, hour, 0, 0)) + past, 'zone-assumed');
      return end;
    }
    const local = inferYear(monthNumber, day, hour * 3600, { nowMs: context.now, exactMs });
    if (Number.isNaN(local)) {
      found(Number.NaN, 'none');
      return end;
    }
    traditionalHour = line.slice(start, at + 3);
    traditionalHourMs = toInstant(local);
    clockEnd = end;
    foundTraditional(line, start, traditionalHourMs + past);
    return end;
  }

  /** Many lines share a second, so the text of the last one is remembered with the space that ends it. */
  function foundTraditional(line: string, start: number, time: number): void {
    found(time, 'year-assumed');
    if (line.charCodeAt(clockEnd) !== 32) return;
    traditionalText = line.slice(start, clockEnd + 1);
    traditionalMs = time;
  }

  /** `2026-11-22T05:40:19.256878+00:00`; a space for the T; `Z`, `+01:00`, `+0100` or no zone at all. */
  function scanIso(line: string, start: number): number {
    if (line.charCodeAt(start + 4) !== 45 || line.charCodeAt(start + 7) !== 45 || line.charCodeAt(start + 13) !== 58)
      return start;
    const past = scanMinutes(line, start + 14);
    if (Number.isNaN(past)) return start;
    const offsetMs = scanOffset(line, clockEnd);
    const isStated = !Number.isNaN(offsetMs);
    const knownHour = isStated ? statedHour : localHour;
    let hourStart = isStated ? statedHourMs : localHourMs;
    const isKnown =
      knownHour !== '' && line.startsWith(knownHour, start) && (isStated || !isTurnedBack(hourStart + past));
    if (!isKnown) {
      const separator = line.charCodeAt(start + 10);
      if (separator !== 84 && separator !== 32 && separator !== 116) return start;
      const year = two(line, start) * 100 + two(line, start + 2);
      const local = wallClock(year, two(line, start + 5), two(line, start + 8), hourAt(line, start + 11), 0, 0);
      if (Number.isNaN(local)) {
        found(local, 'none');
        return clockEnd;
      }
      hourStart = isStated ? local : toInstant(local);
      if (isStated) {
        statedHour = line.slice(start, start + 13);
        statedHourMs = hourStart;
      } else {
        localHour = line.slice(start, start + 13);
        localHourMs = hourStart;
      }
    }
    if (isStated) found(hourStart + past - offsetMs, 'exact');
    else found(hourStart + past, 'zone-assumed');
    return clockEnd;
  }

  /** `Z` or `±hh[:]mm` at `at`: milliseconds east of UTC, and `clockEnd` behind it; `NaN` when no zone is stated. */
  function scanOffset(line: string, at: number): number {
    const sign = line.charCodeAt(at);
    if (sign === 90 || sign === 122) {
      clockEnd = at + 1;
      return 0;
    }
    // Exim puts a space before the zone (log_timezone).
    if (sign === 32 && isZone(line, at + 1)) return scanOffset(line, at + 1);
    if (sign !== 43 && sign !== 45) return Number.NaN;
    const hours = two(line, at + 1);
    if (hours > 23) return Number.NaN;
    const minutesAt = line.charCodeAt(at + 3) === 58 ? at + 4 : at + 3;
    const minutes = two(line, minutesAt);
    clockEnd = minutes > 59 ? at + 3 : minutesAt + 2;
    const size = hours * hourMs + (minutes > 59 ? 0 : minutes * 60_000);
    return sign === 45 ? -size : size;
  }

  /** `@` and 24 hexadecimal digits: seconds and nanoseconds. */
  function scanTai64(line: string, start: number): number {
    let end = start + 1;
    while (Number.isInteger(hexValue(line.charCodeAt(end)))) end++;
    if (end - start !== 25 && end - start !== 17) return start;
    const high = Number.parseInt(line.slice(start + 1, start + 9), 16);
    const low = Number.parseInt(line.slice(start + 9, start + 17), 16);
    const nano = end - start === 25 ? Number.parseInt(line.slice(start + 17, start + 25), 16) : 0;
    const seconds = (high - tai64Epoch) * 2 ** 32 + low - tai64AheadSeconds;
    const isSane = seconds >= 0 && seconds < 253_000_000_000 && nano < 1e9;
    found(isSane ? seconds * 1000 + Math.floor(nano / 1e6) : Number.NaN, 'exact');
    return end;
  }

  function scan(line: string, start: number): number {
    const first = line.charCodeAt(start);
    let end = start;
    if (first >= 65 && first <= 90) end = scanTraditional(line, start);
    else if (isDigit(first)) end = scanIso(line, start);
    else if (first === 64) end = scanTai64(line, start);
    if (end === start) found(Number.NaN, 'none');
    return end;
  }

  return scanner;
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return code >= 65 && code <= 70 ? code - 55 : Number.NaN;
}

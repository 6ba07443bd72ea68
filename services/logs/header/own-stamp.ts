// How programs that do not write to syslog put the time at the head of a line of their own log.
import { isDigit, skipDigits } from '../scan.ts';
import { wallClock } from './calendar.ts';

/** A wall clock (milliseconds as if UTC), minutes east of UTC where the line says so, and where the text begins. */
export type OwnStamp = {
  readonly localMs: number;
  readonly offsetMinutes: number | undefined;
  readonly textAt: number;
};

const monthNames = 'JanFebMarAprMayJunJulAugSepOctNovDec';
/** Longer ones are no stamp. */
const stampCharsMax = 96;

/** Reads the stamp at `start`; `undefined` when there is none. */
export function readOwnStamp(line: string, start: number): OwnStamp | undefined {
  const first = line.charCodeAt(start);
  if (first === 91) return readBracketed(line, start);
  if (first === 60) return readElement(line, start);
  if (isDigit(first)) return readNumeric(line, start);
  if (first >= 65 && first <= 90) return readDashed(line, start) ?? readCtime(line, start);
  return undefined;
}

/** Numbers that stand in `text` one after another, at most eight; the name of a month counts as its number. */
function numbersOf(text: string): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < text.length && numbers.length < 8; ) {
    const end = skipDigits(text, at);
    if (end > at) {
      numbers.push(Number(text.slice(at, end)));
      at = end;
      continue;
    }
    const month = isLetter(text.charCodeAt(at)) ? monthAt(text, at) : 0;
    if (month > 0) numbers.push(month);
    at += month > 0 ? 3 : 1;
  }
  return numbers;
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function monthAt(text: string, at: number): number {
  const index = monthNames.indexOf(text.slice(at, at + 3));
  return index < 0 || index % 3 !== 0 ? 0 : index / 3 + 1;
}

function fullYear(year: number): number {
  return year > 99 ? year : year + 2000;
}

/** Kerio `[17/Jun/2011 17:00:45] `, Roundcube and PHP `[22-Jan-2013 22:28:21 +0200]: `, Domino `[28325:00010-37] 22-06-2014 09:56:12   `. */
function readBracketed(line: string, start: number): OwnStamp | undefined {
  const close = line.indexOf(']', start);
  if (close < 0 || close - start > stampCharsMax) return undefined;
  let textAt = close + 1;
  if (line.charCodeAt(textAt) === 58) textAt++;
  while (line.charCodeAt(textAt) === 32) textAt++;
  const inside = line.slice(start + 1, close);
  if (monthAt(inside, 3) === 0) return isDigit(line.charCodeAt(textAt)) ? readNumeric(line, textAt) : undefined;
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0] = numbersOf(inside.slice(0, 20));
  return stamp(wallClock(year, month, day, hour, minute, second), offsetOf(inside.slice(20)), textAt);
}

/** `+0200`, `-05:00`, `UTC`: minutes east of UTC. */
function offsetOf(text: string): number | undefined {
  const zone = text.trim();
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0;
  const sign = zone.charCodeAt(0);
  if (sign !== 43 && sign !== 45) return undefined;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (!(hours < 24 && minutes < 60)) return undefined;
  return (sign === 45 ? -1 : 1) * (hours * 60 + minutes);
}

/** Oracle's Messaging Server writes XML: `<co ts="2014-06-02T22:02:13.94" …`. */
function readElement(line: string, start: number): OwnStamp | undefined {
  const attribute = line.indexOf(' ts="', start);
  if (attribute < 0 || attribute - start > 4) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbersOf(
    line.slice(attribute + 5, attribute + 24),
  );
  return stamp(wallClock(year, month, day, hour, minute, second), undefined, start);
}

/** `10/06/2013 15:50:41 `, `03-07-2005 23:07:20   ` (day first), MySQL's `131122  5:24:26 `, SOGo's access log `192.0.2.1 - - [24/Mar/2013:08:58:32 GMT] `. */
function readNumeric(line: string, start: number): OwnStamp | undefined {
  const digitsEnd = skipDigits(line, start);
  if (digitsEnd - start === 6 && line.charCodeAt(digitsEnd) === 32) {
    const date = Number(line.slice(start, digitsEnd));
    const clockAt = line.charCodeAt(digitsEnd + 1) === 32 ? digitsEnd + 2 : digitsEnd + 1;
    const end = endOfClock(line, clockAt);
    if (end < 0) return undefined;
    const [hour = 99, minute = 99, second = 99] = numbersOf(line.slice(clockAt, end));
    const year = fullYear(Math.floor(date / 10_000));
    return stamp(wallClock(year, Math.floor(date / 100) % 100, date % 100, hour, minute, second), undefined, end);
  }
  const separator = line.charCodeAt(start + 2);
  if (digitsEnd - start === 2 && (separator === 47 || separator === 45) && line.charCodeAt(start + 5) === separator) {
    const end = endOfClock(line, start + 11);
    if (end < 0) return undefined;
    const [first = 0, second = 0, year = 0, hour = 0, minute = 0, seconds = 0] = numbersOf(line.slice(start, end));
    // Day first, unless only the other order makes a date.
    const [day, month] = second > 12 ? [second, first] : [first, second];
    return stamp(wallClock(year, month, day, hour, minute, seconds), undefined, end);
  }
  const open = line.indexOf(' [', start);
  if (open < 0 || open - start > stampCharsMax || !line.startsWith(' - ', line.indexOf(' ', start))) return undefined;
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0] = numbersOf(line.slice(open + 2, open + 22));
  const close = line.indexOf(']', open);
  if (close < 0 || close - open > 40) return undefined;
  return stamp(wallClock(year, month, day, hour, minute, second), offsetOf(line.slice(open + 22, close)), start);
}

/** The end of `hh:mm:ss` or `h:mm:ss` at `start`, or -1. */
function endOfClock(line: string, start: number): number {
  const hourEnd = skipDigits(line, start);
  if (hourEnd === start || line.charCodeAt(hourEnd) !== 58 || line.charCodeAt(hourEnd + 3) !== 58) return -1;
  return skipDigits(line, hourEnd + 4);
}

/** ASSP: `Apr-07-13 07:08:36 `. */
function readDashed(line: string, start: number): OwnStamp | undefined {
  if (line.charCodeAt(start + 3) !== 45 || line.charCodeAt(start + 6) !== 45 || monthAt(line, start) === 0)
    return undefined;
  const space = line.indexOf(' ', start);
  const end = space < 0 || space - start > 11 ? -1 : endOfClock(line, space + 1);
  if (end < 0) return undefined;
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = numbersOf(line.slice(start, end));
  return stamp(wallClock(fullYear(year), month, day, hour, minute, second), undefined, end);
}

const weekDays = new Set(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']);

/** ctime(3), as ClamAV and OpenWebmail write it: `Sat Dec 28 19:03:53 2013 -> ` or ` - `; also with `[pid] info: ` (spamd). */
function readCtime(line: string, start: number): OwnStamp | undefined {
  if (line.charCodeAt(start + 3) !== 32 || !weekDays.has(line.slice(start, start + 3))) return undefined;
  const text = line.slice(start + 4, start + 24);
  if (monthAt(text, 0) === 0) return undefined;
  const [month = 0, day = 0, hour = 99, minute = 99, second = 99, year = 0] = numbersOf(text);
  let textAt = start + 24;
  if (line.startsWith(' -> ', textAt)) textAt += 4;
  else if (line.startsWith(' - ', textAt)) textAt += 3;
  return stamp(wallClock(year, month, day, hour, minute, second), undefined, textAt);
}

function stamp(localMs: number, offsetMinutes: number | undefined, textAt: number): OwnStamp | undefined {
  return Number.isNaN(localMs) ? undefined : { localMs, offsetMinutes, textAt };
}

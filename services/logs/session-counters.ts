// `ehlo=1 mail=1 rcpt=0/1 commands=5/6`, `in=52 out=1234`, `top=0/0, retr=1/512`: what a session did, in numbers.
import { ownCopy } from './header/program-tag.ts';
import { indexOfCode, readCount, skipDigits } from './scan.ts';

/** Most SMTP sessions do the same few things, so their counters are read once. Bounded: it is emptied when full. */
const known = new Map<string, Readonly<Record<string, number>>>();
const knownMax = 1024;
const keysMax = 32;
const nameCharsMax = 32;

/** Counters that many lines repeat word for word: {@link readCounters} with a memory. The record is shared: it must not be changed. */
export function repeatedCounters(line: string, start: number, end: number): Record<string, number> | undefined {
  const text = line.slice(start, end);
  const before = known.get(text);
  if (before !== undefined) return before;
  const made = readCounters(line, start, end);
  if (made === undefined) return undefined;
  if (known.size >= knownMax) known.clear();
  known.set(ownCopy(text), Object.freeze(made));
  return made;
}

/**
 * The counters from `start` to `end`. `name=a/b` gives `name` and `nameTotal` (Postfix: accepted of tried; Dovecot's POP3:
 * count and bytes).
 */
export function readCounters(line: string, start: number, end: number): Record<string, number> | undefined {
  const counters: Record<string, number> = {};
  let keys = 0;
  let at = start;
  while (at < end && keys < keysMax) {
    const equals = indexOfCode(line, 61, at, end);
    if (equals >= end) break;
    let nameAt = equals;
    while (nameAt > at && isNameCode(line.charCodeAt(nameAt - 1))) nameAt--;
    const firstEnd = skipDigits(line, equals + 1);
    const first = readCount(line, equals + 1, firstEnd);
    at = firstEnd;
    if (first === undefined || nameAt === equals || equals - nameAt > nameCharsMax) continue;
    const name = line.slice(nameAt, equals);
    counters[name] = first;
    keys++;
    if (line.charCodeAt(firstEnd) !== 47) continue;
    at = skipDigits(line, firstEnd + 1);
    const second = readCount(line, firstEnd + 1, at);
    if (second !== undefined) counters[`${name}Total`] = second;
  }
  return keys === 0 ? undefined : counters;
}

function isNameCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
}

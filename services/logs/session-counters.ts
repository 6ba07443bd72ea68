// `ehlo=1 mail=1 rcpt=0/1 commands=5/6`, `in=52 out=1234`, `top=0/0, retr=1/512`: what a session did, in numbers.
import { ownCopy } from './header/program-tag.ts';
import { readCount } from './scan.ts';

/** Most sessions do the same few things, so their counters are read once. Bounded: it is emptied when full. */
const known = new Map<string, Readonly<Record<string, number>>>();
const knownMax = 1024;
const keysMax = 32;

/**
 * The counters from `start` to `end`. `name=a/b` gives `name` and `nameTotal` (Postfix: accepted of tried; Dovecot's POP3:
 * count and bytes). The record is shared: it must not be changed.
 */
export function sessionCounters(line: string, start: number, end: number): Record<string, number> | undefined {
  const text = line.slice(start, end);
  const before = known.get(text);
  if (before !== undefined) return before;
  const made = readCounters(text);
  if (made === undefined) return undefined;
  if (known.size >= knownMax) known.clear();
  known.set(ownCopy(text), Object.freeze(made));
  return made;
}

function readCounters(text: string): Record<string, number> | undefined {
  const counters: Record<string, number> = {};
  let keys = 0;
  let at = 0;
  while (at < text.length && keys < keysMax) {
    const equals = text.indexOf('=', at);
    if (equals < 0) break;
    let nameAt = equals;
    while (nameAt > at && isNameCode(text.charCodeAt(nameAt - 1))) nameAt--;
    let end = equals + 1;
    while (end < text.length && text.charCodeAt(end) !== 32 && text.charCodeAt(end) !== 44) end++;
    const name = ownCopy(text.slice(nameAt, equals));
    const slash = text.indexOf('/', equals);
    const firstEnd = slash > 0 && slash < end ? slash : end;
    const first = readCount(text, equals + 1, firstEnd);
    if (first !== undefined && name !== '' && name !== '__proto__') {
      counters[name] = first;
      const second = firstEnd < end ? readCount(text, firstEnd + 1, end) : undefined;
      if (second !== undefined) counters[`${name}Total`] = second;
      keys++;
    }
    at = end;
  }
  return keys === 0 ? undefined : counters;
}

function isNameCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
}

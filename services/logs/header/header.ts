// The header of a line: when, where, who. RFC 3164, RFC 3339 (rsyslog), RFC 5424, TAI64N and Dovecot's own log_path form,
// each with or without <PRI>, mixed in one file.
import type { TimeConfidence } from '../../protocol/mail-event.ts';
import { isDigit, readCount, skipDigits } from '../scan.ts';
import { readOwnStamp } from './own-stamp.ts';
import { dovecotServices, type ProgramTag } from './program-tag.ts';
import { createTagTable } from './tag-table.ts';
import { createTimeScanner, type TimeScanner } from './time-stamp.ts';

/** What the header said. One object is reused for every line. */
export type Header = {
  time: number;
  timeConfidence: TimeConfidence;
  tag: ProgramTag;
  pid: number | undefined;
  /** Where the message begins. */
  messageAt: number;
  /** Where the tag begins: behind the time. A line whose tag nobody knows may be text from here on. */
  textAt: number;
};

const unknownTag: ProgramTag = {
  host: undefined,
  program: undefined,
  software: undefined,
  service: undefined,
  instance: undefined,
  family: 'other',
};
const dovecotLog: ProgramTag = { ...unknownTag, software: 'dovecot', family: 'dovecot' };

/** Longer ones are no header of a mail server. */
const tagCharsMax = 512;
const pidDigitsMax = 10;

export type HeaderScanner = {
  /** Reads the header that begins at `start` into `header`. */
  readonly scan: (line: string, start: number) => void;
  readonly header: Readonly<Header>;
  /** Does a time stand at `start`? */
  readonly hasTime: (line: string, start: number) => boolean;
};

export function createHeaderScanner(context: { readonly now: number; readonly timeZone: string }): HeaderScanner {
  const times: TimeScanner = createTimeScanner(context);
  const tags = createTagTable();
  const header: Header = {
    time: context.now,
    timeConfidence: 'none',
    tag: unknownTag,
    pid: undefined,
    messageAt: 0,
    textAt: 0,
  };

  /** `[pid]: ` or `: ` after the tag that ends at `end`. */
  function readPidAndColon(line: string, end: number): boolean {
    let position = end;
    let code = line.charCodeAt(position);
    let pid: number | undefined;
    if (code === 91) {
      let value = 0;
      code = line.charCodeAt(++position);
      const digitsAt = position;
      for (; code >= 48 && code <= 57; code = line.charCodeAt(++position)) value = value * 10 + code - 48;
      if (code !== 93) return false;
      const digits = position - digitsAt;
      if (digits > 0 && digits <= pidDigitsMax) pid = value;
      code = line.charCodeAt(++position);
    }
    if (code !== 58) return false;
    position++;
    header.pid = pid;
    header.messageAt = line.charCodeAt(position) === 32 ? position + 1 : position;
    return true;
  }

  /** `host tag[pid]: message`, `tag[pid]: message`, or Dovecot's own `service(…)<…>: message` without either. */
  function readTag(line: string, start: number): void {
    const space = line.indexOf(' ', start);
    if (space > start && space - start < tagCharsMax) {
      const slot = tags.guess(line, start, space);
      if (slot !== undefined && readPidAndColon(line, start + slot.text.length)) {
        header.tag = slot.tag;
        return;
      }
    }
    readNewTag(line, start, space < 0 ? line.length : space);
  }

  function readNewTag(line: string, start: number, space: number): void {
    header.messageAt = start;
    const position = endOfWord(line, start);
    const code = line.charCodeAt(position);
    if (position === start || Number.isNaN(code)) return;
    if (code === 32) {
      readTagAfterHost(line, start, position);
      return;
    }
    const word = line.slice(start, position);
    if (code !== 91 && (dovecotServices.has(word) || isLevel(word))) header.tag = dovecotLog;
    // A host that is an IPv6 address.
    else if (code === 58 && position + 1 < space) readTagAfterHost(line, start, space);
    else if (code !== 40 && code !== 60 && readPidAndColon(line, position))
      header.tag = tags.learn(line, start, start, position);
  }

  function readTagAfterHost(line: string, start: number, hostEnd: number): void {
    const position = endOfWord(line, hostEnd + 1);
    const code = line.charCodeAt(position);
    if ((code !== 58 && code !== 91) || position === hostEnd + 1) return;
    if (readPidAndColon(line, position)) header.tag = tags.learn(line, start, hostEnd, position);
  }

  /** RFC 5424: after the version `1 ` at `start`. */
  function readStructured(line: string, start: number): void {
    let position = times.scan(line, start);
    if (position === start && line.startsWith('- ', start)) position = start + 1;
    const words: [number, number][] = [];
    while (words.length < 4) {
      const from = position + 1;
      const to = line.indexOf(' ', from);
      if (to < 0) {
        header.messageAt = start;
        return;
      }
      words.push([from, to]);
      position = to;
    }
    const [[hostAt, hostEnd], [appAt, appEnd], [pidAt, pidEnd]] = words as [
      [number, number],
      [number, number],
      [number, number],
      [number, number],
    ];
    const isHostNil = hostEnd - hostAt === 1 && line.charCodeAt(hostAt) === 45;
    const tagAt = isHostNil ? appAt : hostAt;
    header.tag = tags.learn(line, tagAt, isHostNil ? appAt : hostEnd, appEnd);
    header.pid = readCount(line, pidAt, pidEnd);
    header.messageAt = skipStructuredData(line, position + 1);
  }

  function scan(line: string, from: number): void {
    let start = from;
    header.tag = unknownTag;
    header.pid = undefined;
    if (line.charCodeAt(start) === 60) {
      const close = skipDigits(line, start + 1);
      if (close > start + 1 && close < start + 5 && line.charCodeAt(close) === 62) start = close + 1;
    }
    const first = line.charCodeAt(start);
    if (isDigit(first) && line.charCodeAt(start + 1) === 32) {
      const after = line.charCodeAt(start + 2);
      if (isDigit(after) || after === 45) {
        readStructured(line, start + 2);
        header.time = times.time;
        header.timeConfidence = times.confidence;
        return;
      }
    }
    const end = times.scan(line, start);
    if (end === start && readOwnTime(line, start)) return;
    header.time = times.time;
    header.timeConfidence = times.confidence;
    let tagAt = end > start && line.charCodeAt(end) === 32 ? end + 1 : end;
    if (end > start) {
      while (line.charCodeAt(tagAt) === 32) tagAt++;
      // FreeBSD's syslogd -vv writes <facility.severity> here.
      if (line.charCodeAt(tagAt) === 60) {
        const close = line.indexOf('> ', tagAt);
        if (close > 0 && close - tagAt < 24) tagAt = close + 2;
      }
    }
    header.textAt = tagAt;
    readTag(line, tagAt);
    // A word and a colon alone are no header: `warning: …` on standard error is none.
    if (end === start && header.tag.family === 'other' && header.tag.software === undefined) forgetTag(start);
  }

  /** The time of a program's own log; such a line names neither host nor program. */
  function readOwnTime(line: string, start: number): boolean {
    const stamp = readOwnStamp(line, start);
    if (stamp === undefined) return false;
    times.take(stamp.localMs, stamp.offsetMinutes);
    header.time = times.time;
    header.timeConfidence = times.confidence;
    let textAt = stamp.textAt;
    while (line.charCodeAt(textAt) === 32) textAt++;
    header.textAt = textAt;
    forgetTag(textAt);
    return true;
  }

  function forgetTag(start: number): void {
    header.tag = unknownTag;
    header.pid = undefined;
    header.messageAt = start;
  }

  return { scan, header, hasTime: (line, start) => times.scan(line, start) > start };
}

/** Position of the first space, colon or opening bracket at or after `start`; a word has a bound. */
function endOfWord(line: string, start: number): number {
  const limit = start + tagCharsMax;
  let position = start;
  for (; position < limit; position++) {
    const code = line.charCodeAt(position);
    if (code === 32 || code === 58 || code === 91 || code === 40 || code === 60 || Number.isNaN(code)) break;
  }
  return position;
}

/** Structured data at `start`: `-`, or `[id key="value" …]` with `\"` and `\]` escaped. Returns where the message begins. */
function skipStructuredData(line: string, start: number): number {
  let position = start;
  if (line.charCodeAt(position) === 45) position++;
  while (line.charCodeAt(position) === 91) {
    let isQuoted = false;
    for (position++; position < line.length; position++) {
      const code = line.charCodeAt(position);
      if (isQuoted && code === 92) position++;
      else if (code === 34) isQuoted = !isQuoted;
      else if (code === 93 && !isQuoted) break;
    }
    position++;
  }
  if (line.charCodeAt(position) === 32) position++;
  // RFC 5424 6.4: a message in UTF-8 may begin with a byte order mark.
  return line.charCodeAt(position) === 0xfeff ? position + 1 : position;
}

const levels = new Set(['Debug', 'Info', 'Warning', 'Error', 'Fatal', 'Panic', 'Warn']);
function isLevel(word: string): boolean {
  return levels.has(word);
}

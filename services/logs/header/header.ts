// The header of a line: when, where, who. RFC 3164, RFC 3339 (rsyslog), RFC 5424, TAI64N and Dovecot's own log_path form,
// each with or without <PRI>, mixed in one file.
import type { TimeConfidence } from '../../protocol/mail-event.ts';
import { isDigit, readCount, skipDigits } from '../scan.ts';
import { isDovecotService, ownCopy, type ProgramTag, readProgramTag } from './program-tag.ts';
import { createTimeScanner, type TimeScanner } from './time-stamp.ts';

/** What the header said. One object is reused for every line. */
export type Header = {
  time: number;
  timeConfidence: TimeConfidence;
  tag: ProgramTag;
  pid: number | undefined;
  /** Where the message begins. */
  messageAt: number;
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

/** Different `host program` pairs that are remembered; a log with more (forged tags) only loses speed. */
const tagsMax = 2048;
/** Longer ones are no header of a mail server. */
const tagCharsMax = 512;

export type HeaderScanner = {
  /** Reads the header that begins at `start` into `header`. */
  readonly scan: (line: string, start: number) => void;
  readonly header: Readonly<Header>;
  /** Does a time stand at `start`? */
  readonly hasTime: (line: string, start: number) => boolean;
};

export function createHeaderScanner(context: { readonly now: number; readonly timeZone: string }): HeaderScanner {
  const times: TimeScanner = createTimeScanner(context);
  const tags = new Map<string, ProgramTag>();
  const header: Header = {
    time: context.now,
    timeConfidence: 'none',
    tag: unknownTag,
    pid: undefined,
    messageAt: 0,
  };

  function tagOf(line: string, start: number, hostEnd: number, end: number): ProgramTag {
    const key = line.slice(start, end);
    const known = tags.get(key);
    if (known !== undefined) return known;
    if (tags.size >= tagsMax) tags.clear();
    const text = ownCopy(key);
    const host = hostEnd > start ? text.slice(0, hostEnd - start) : undefined;
    const made = readProgramTag(host && ownCopy(host), ownCopy(text.slice(host === undefined ? 0 : host.length + 1)));
    tags.set(text, made);
    return made;
  }

  /** `[pid]: ` or `: ` after the tag that ends at `end`. */
  function readPidAndColon(line: string, end: number): boolean {
    let position = end;
    let pid: number | undefined;
    if (line.charCodeAt(position) === 91) {
      const pidEnd = skipDigits(line, position + 1);
      if (line.charCodeAt(pidEnd) !== 93) return false;
      pid = readCount(line, position + 1, pidEnd);
      position = pidEnd + 1;
    }
    if (line.charCodeAt(position) !== 58) return false;
    position++;
    if (line.charCodeAt(position) === 32) position++;
    header.pid = pid;
    header.messageAt = position;
    return true;
  }

  /** `host tag[pid]: message`, `tag[pid]: message`, or Dovecot's own `service(…)<…>: message` without either. */
  function readTag(line: string, start: number): void {
    header.messageAt = start;
    const limit = Math.min(line.length, start + tagCharsMax);
    let position = start;
    let code = line.charCodeAt(position);
    while (code !== 32 && code !== 58 && code !== 91 && code !== 40 && code !== 60 && position < limit)
      code = line.charCodeAt(++position);
    if (position === start || position >= limit) return;
    if (code === 32) {
      readTagAfterHost(line, start, position);
      return;
    }
    const word = line.slice(start, position);
    if (code !== 91 && (isDovecotService(word) || isLevel(word))) {
      header.tag = dovecotLog;
      return;
    }
    if (code === 58 && line.charCodeAt(position + 1) !== 32) {
      // A host that is an IPv6 address.
      const hostEnd = line.indexOf(' ', position);
      if (hostEnd > 0 && hostEnd < limit) readTagAfterHost(line, start, hostEnd);
    } else if (code !== 40 && code !== 60 && readPidAndColon(line, position)) {
      header.tag = tagOf(line, start, start, position);
    }
  }

  function readTagAfterHost(line: string, start: number, hostEnd: number): void {
    const limit = Math.min(line.length, hostEnd + tagCharsMax);
    let position = hostEnd + 1;
    let code = line.charCodeAt(position);
    while (code !== 58 && code !== 91 && code !== 32 && position < limit) code = line.charCodeAt(++position);
    if (code === 32 || position >= limit || position === hostEnd + 1) return;
    if (readPidAndColon(line, position)) header.tag = tagOf(line, start, hostEnd, position);
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
    const host = hostEnd - hostAt === 1 && line.charCodeAt(hostAt) === 45 ? undefined : line.slice(hostAt, hostEnd);
    header.tag = host === undefined ? tagOf(line, appAt, appAt, appEnd) : tagOf(line, hostAt, hostEnd, appEnd);
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
    readTag(line, tagAt);
    // A word and a colon alone are no header: `warning: …` on standard error is none.
    if (end === start && header.tag.family === 'other') forgetTag(start);
  }

  function forgetTag(start: number): void {
    header.tag = unknownTag;
    header.pid = undefined;
    header.messageAt = start;
  }

  return { scan, header, hasTime: (line, start) => times.scan(line, start) > start };
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

// One line → one typed event. A hand-written scanner: the header first, then the words of the daemon that wrote it.
import type { MailEvent } from '../protocol/mail-event.ts';
import { parseBare } from './bare.ts';
import { blankEvent } from './blank-event.ts';
import { parseDovecot } from './dovecot/message.ts';
import { createHeaderScanner } from './header/header.ts';
import { parseLastRepeated, parseLogDaemon, readRepeated } from './log-daemon.ts';
import { parsePostfix } from './postfix/message.ts';
import { parseByWords, parseNamed, parsePolicyService } from './software.ts';

/** What a line is read by: when and in which IANA zone it was read, for what its own time leaves out. */
export type LineContext = {
  /** Epoch milliseconds. RFC 3164 has no year: a date is taken for the latest one that does not lie ahead of this. */
  readonly now: number;
  readonly timeZone: string;
  /** Postfix instances of tags that do not tell by themselves: `name` is what stands before the last `/`. */
  readonly syslogNames?: ReadonlyArray<{ readonly name: string; readonly instance: string }> | undefined;
};

export type LineParser = {
  /**
   * Never throws: a line that is not understood is an `unparsed` event. The strings of an event are slices of the line,
   * so an event that is kept for long keeps its line (and what that was cut from) in memory.
   */
  readonly parse: (line: string) => MailEvent;
};

/** The rest of a longer line is not read. */
export const lineCharsMax = 64 * 1024;

/** A parser for the lines of one source, in their order: a time without year or zone is read in the light of those before it. */
export function createLineParser(context: LineContext): LineParser {
  const headers = createHeaderScanner(context);
  const { syslogNames = [] } = context;
  const instances = syslogNames.length === 0 ? undefined : new Map(syslogNames.map((one) => [one.name, one.instance]));

  function parseFrom(line: string, start: number): MailEvent {
    headers.scan(line, start);
    const { header } = headers;
    const { tag, messageAt } = header;
    const event = blankEvent(header);
    if (instances !== undefined && tag.program?.includes('/'))
      event.instance = instances.get(tag.program.slice(0, tag.program.lastIndexOf('/'))) ?? tag.instance;
    if (tag.family === 'postfix') parsePostfix(line, messageAt, event);
    else if (tag.family === 'dovecot') parseDovecot(line, messageAt, event);
    else if (tag.family === 'policy') parsePolicyService(line, messageAt, event);
    else if (tag.software !== undefined) parseNamed(line, messageAt, event);
    else {
      if (tag.program === undefined) parseBare(line, messageAt, event);
      if (event.kind === 'unparsed') parseByWords(line, header.textAt, messageAt, event);
    }
    if (event.kind !== 'unparsed' || start > 0) return event;
    return parseRelayed(line, messageAt) ?? parseByLogDaemon(line, messageAt, event);
  }

  /** A line inside a line: a collector put its own header before the one of the mail server. `reason` keeps the inner words. */
  function parseRelayed(line: string, start: number): MailEvent | undefined {
    if (start === 0 || !headers.hasTime(line, start)) return undefined;
    const inner = parseFrom(line, start);
    if (inner.kind === 'unparsed' || inner.software === undefined) return undefined;
    inner.reason ??= line.slice(headers.header.messageAt);
    return inner;
  }

  /** A line of the log daemon's own, or one that stands for several. */
  function parseByLogDaemon(line: string, messageAt: number, event: MailEvent): MailEvent {
    const repeated = readRepeated(line, messageAt);
    if (repeated !== undefined) {
      const once = parseFrom(`${line.slice(0, messageAt)}${repeated.text}`, 0);
      once.suppressed = repeated.times;
      return once;
    }
    parseLogDaemon(line, messageAt, event);
    if (event.kind === 'unparsed') parseLastRepeated(line, headers.header.textAt, messageAt, event);
    return event;
  }

  return { parse: (text) => parseFrom(bounded(text), 0) };
}

/** The line without its end, and without what is beyond the bound. */
function bounded(text: string): string {
  let end = Math.min(text.length, lineCharsMax);
  while (end > 0) {
    const code = text.charCodeAt(end - 1);
    if (code !== 10 && code !== 13) break;
    end--;
  }
  return end === text.length ? text : text.slice(0, end);
}

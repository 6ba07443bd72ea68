// What the system's own log daemon says of lines that are not there: dropped by a rate limit, or merged into one.
import type { MailEvent } from '../protocol/mail-event.ts';
import { readCount } from './scan.ts';

/** journald: RateLimitBurst= (journald.conf(5)), and lines that its socket to syslog did not take. */
const journald = /^(?:Suppressed (\d{1,9}) messages from |Forwarding to syslog missed (\d{1,9}) messages)/;
/** rsyslog: ratelimit.c and imuxsock, imjournal of all its releases. A rate limit that begins to bite drops one message at least. */
const rsyslog =
  /(?:\blost (\d{1,9}) messages from pid|\b(\d{1,9}) messages lost due to rate-limiting|\bbegins? to drop messages\b)/;

/** Reads a notice of the log daemon at `messageAt`; leaves the event alone when the line is none. */
export function parseLogDaemon(line: string, messageAt: number, event: MailEvent): void {
  const { program } = event;
  const text = line.slice(messageAt);
  const isJournald = program === 'systemd-journald' || program === 'journal';
  const found = isJournald ? journald.exec(text) : program?.startsWith('rsyslogd') === true ? rsyslog.exec(text) : null;
  if (found === null) return;
  event.kind = 'warning';
  event.severity = 'warning';
  event.reason = text;
  event.suppressed = Number(found[1] ?? found[2] ?? 1);
}

const repeatedStart = 'message repeated ';
const repeatedEnd = ' times: [ ';
const lastRepeated = /^last message repeated (\d{1,9}) times?$/;

/** `message repeated 3 times: [ text]` of rsyslogd (`$RepeatedMsgReduction`), as the text and how often it was left out. */
export function readRepeated(
  line: string,
  messageAt: number,
): { readonly text: string; readonly times: number } | undefined {
  if (!line.startsWith(repeatedStart, messageAt) || !line.endsWith(']')) return undefined;
  const countAt = messageAt + repeatedStart.length;
  const countEnd = line.indexOf(repeatedEnd, countAt);
  const times = countEnd < 0 || countEnd - countAt > 9 ? undefined : readCount(line, countAt, countEnd);
  return times === undefined ? undefined : { text: line.slice(countEnd + repeatedEnd.length, -1), times };
}

/** `last message repeated 3 times` of syslogd, with a tag or without: nobody can tell which message of which program. */
export function parseLastRepeated(line: string, textAt: number, messageAt: number, event: MailEvent): void {
  const found = lastRepeated.exec(line.slice(messageAt)) ?? lastRepeated.exec(afterWord(line, textAt));
  if (found === null) return;
  event.kind = 'info';
  event.reason = found[0];
  event.suppressed = Number(found[1]);
}

/** Without a tag the host is not known for one: the text begins behind the first word. */
const afterWord = (line: string, at: number): string => line.slice(line.indexOf(' ', at) + 1);

import type { MailEvent } from '../protocol/mail-event.ts';
import { clip, terminalSafe, terminalStyle } from './terminal.ts';

/** One row a line: time, where, kind, what it is about, and the words that matter. */
export function createParseRow(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): (event: MailEvent, line: string) => string {
  const style = terminalStyle(stream, environment);
  const width = stream.columns ?? Number.POSITIVE_INFINITY;
  return (event, line) => {
    const time = event.timeConfidence === 'none' ? '-' : new Date(event.time).toISOString();
    const where = `${event.host ?? '-'} ${event.program ?? event.software ?? '-'}`;
    const id = event.queueId ?? event.sessionId ?? '-';
    const words = event.kind === 'unparsed' ? line : wordsOf(event);
    const head = `${time.padEnd(24)}  ${where.padEnd(22)}  ${event.kind.padEnd(16)}  ${id.padEnd(15)}`;
    const text = clip(terminalSafe(`${head}  ${words}`), width);
    if (event.kind === 'unparsed') return style.weak(text);
    return event.securityEvent === true || event.severity === 'fatal' || event.severity === 'panic'
      ? style.alarm(text)
      : text;
  };
}

/** The fields that tell most, as `name=value`. */
function wordsOf(event: MailEvent): string {
  const words: string[] = [];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') words.push(`${name}=${value}`);
  };
  if (event.from !== undefined) words.push(`from=<${event.from}>`);
  if (event.to !== undefined) words.push(`to=<${event.to}>`);
  add('user', event.user ?? event.saslUser);
  add('client', event.clientIp ?? event.clientHost);
  add('relay', event.relay?.host);
  add('status', event.status);
  add('dsn', event.dsn);
  add('delay', event.delay);
  add('size', event.size);
  add('message-id', event.messageId);
  add('action', event.action);
  add('mailbox', event.mailbox);
  add('next', event.nextQueueId);
  if (event.reason !== undefined) words.push(event.reason);
  return words.join(' ');
}

import type { MailEvent } from '../protocol/mail-event.ts';
import type { Header } from './header/header.ts';

/** An event that knows only its header. Every field is written in one order, so that all events share one shape. */
export function blankEvent(header: Readonly<Header>): MailEvent {
  const { tag } = header;
  return {
    time: header.time,
    timeConfidence: header.timeConfidence,
    host: tag.host,
    program: tag.program,
    software: tag.software,
    service: tag.service,
    instance: tag.instance,
    pid: header.pid,
    kind: 'unparsed',
    severity: undefined,
    queueId: undefined,
    nextQueueId: undefined,
    origQueueId: undefined,
    messageId: undefined,
    from: undefined,
    to: undefined,
    origTo: undefined,
    relay: undefined,
    delay: undefined,
    delays: undefined,
    dsn: undefined,
    status: undefined,
    reason: undefined,
    clientHost: undefined,
    clientIp: undefined,
    clientPort: undefined,
    helo: undefined,
    saslMethod: undefined,
    saslUser: undefined,
    size: undefined,
    nrcpt: undefined,
    tls: undefined,
    user: undefined,
    sessionId: undefined,
    securityEvent: undefined,
    reply: undefined,
    traceId: undefined,
    action: undefined,
    mailbox: undefined,
    counters: undefined,
  };
}

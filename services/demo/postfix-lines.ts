// What Postfix 3.7 writes for each act: the text after `postfix/smtpd[123]: `. Pure; wording and order of fields as in
// Postfix's sources (smtpd/smtpd.c, global/log_adhoc.c, qmgr/qmgr_active.c, bounce/bounce_notify_util.c).
import type { Party } from './cast.ts';

export type Reply = { readonly code: number; readonly enhanced: string; readonly text: string };
export const isSuccess = (reply: Reply): boolean => reply.code < 400;
export const isTemporary = (reply: Reply): boolean => reply.code >= 400 && reply.code < 500;
/** A reply as it goes over the wire and into the log. */
export const replyText = (reply: Reply): string => `${reply.code} ${reply.enhanced} ${reply.text}`;

/** Reads a reply line of another server; one without an enhanced code gets the class's own `x.0.0`. */
export function parseReply(line: string): Reply {
  const match = /^(\d{3})[ -]?(?:(\d\.\d{1,3}\.\d{1,3}) )?(.*)$/s.exec(line.trim());
  const code = Number(match?.[1] ?? 451);
  return { code, enhanced: match?.[2] ?? `${Math.floor(code / 100)}.0.0`, text: (match?.[3] ?? line).trim() };
}

export const clientName = (party: Party): string => `${party.host}[${party.ip}]`;

export const connectText = (client: Party): string => `connect from ${clientName(client)}`;

/** Command counters of a session, in the order in which Postfix prints them; `[ok, tried]`. */
export type CommandCounts = Readonly<Record<string, readonly [ok: number, tried: number]>>;
const commandOrder = ['ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'rset', 'quit'];
export function disconnectText(client: Party, counts: CommandCounts): string {
  const known = commandOrder.flatMap((name) => {
    const count = counts[name];
    return count === undefined || count[1] === 0 ? [] : [{ name, ok: count[0], tried: count[1] }];
  });
  const all = { ok: 0, tried: 0 };
  for (const { ok, tried } of known) {
    all.ok += ok;
    all.tried += tried;
  }
  const show = (ok: number, tried: number) => (ok === tried ? `${ok}` : `${ok}/${tried}`);
  const words = known.map(({ name, ok, tried }) => `${name}=${show(ok, tried)}`);
  return `disconnect from ${clientName(client)} ${[...words, `commands=${show(all.ok, all.tried)}`].join(' ')}`;
}

export function clientText(queueId: string, client: Party, sasl: { method: string; user: string } | undefined): string {
  const login = sasl === undefined ? '' : `, sasl_method=${sasl.method}, sasl_username=${sasl.user}`;
  return `${queueId}: client=${clientName(client)}${login}`;
}

export const tlsText = (client: Party, tls: { protocol: string; cipher: string; bits: number }): string =>
  `Anonymous TLS connection established from ${clientName(client)}: ${tls.protocol} with cipher ${tls.cipher} (${tls.bits}/${tls.bits} bits)`;

export const saslFailureText = (client: Party, method: string, user: string): string =>
  `warning: ${clientName(client)}: SASL ${method} authentication failed: (reason unavailable), sasl_username=${user}`;

const envelopeContext = (context: { from: string; to: string; helo: string }): string =>
  `from=<${context.from}> to=<${context.to}> proto=ESMTP helo=<${context.helo}>`;

export const rejectText = (client: Party, reply: Reply, from: string, to: string): string =>
  `NOQUEUE: reject: RCPT from ${clientName(client)}: ${replyText(reply)}; ${envelopeContext({ from, to, helo: client.helo })}`;

/** A message without a Message-ID header is logged with an empty one. */
export const messageIdText = (queueId: string, messageId: string): string =>
  `${queueId}: message-id=${messageId || '<>'}`;

/** A header_checks action: `info`, `discard` or `hold`. */
export const headerText = (
  queueId: string,
  action: 'info' | 'discard' | 'hold',
  header: string,
  client: Party,
  envelope: { from: string; to: string },
): string =>
  `${queueId}: ${action}: header ${header} from ${clientName(client)}; ${envelopeContext({ ...envelope, helo: client.helo })}`;

export const queuedText = (queueId: string, from: string, size: number, recipients: number): string =>
  `${queueId}: from=<${from}>, size=${size}, nrcpt=${recipients} (queue active)`;

/** Seconds as Postfix prints a delay: two significant digits, at most two decimals, no trailing zeros. */
export function formatDelay(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  const decimals = seconds >= 10 ? 0 : seconds >= 1 ? 1 : 2;
  return String(Number(seconds.toFixed(decimals)));
}

export type DelaysMs = { beforeQmgr: number; qmgr: number; connection: number; transmission: number };

export function deliveryText(line: {
  queueId: string;
  to: string;
  relay: string;
  delays: DelaysMs;
  dsn: string;
  status: 'sent' | 'deferred' | 'bounced';
  reason: string;
}): string {
  const { beforeQmgr, qmgr, connection, transmission } = line.delays;
  const delays = [beforeQmgr, qmgr, connection, transmission].map(formatDelay).join('/');
  const delay = formatDelay(beforeQmgr + qmgr + connection + transmission);
  return `${line.queueId}: to=<${line.to}>, relay=${line.relay}, delay=${delay}, delays=${delays}, dsn=${line.dsn}, status=${line.status} (${line.reason})`;
}

/** What another server's refusal looks like in a delivery line. */
export const saidText = (relayHost: string, reply: Reply, command: string): string =>
  `host ${relayHost} said: ${replyText(reply)} (in reply to ${command} command)`;

export const noticeText = (queueId: string, noticeId: string): string =>
  `${queueId}: sender non-delivery notification: ${noticeId}`;
export const expiredText = (queueId: string, from: string): string =>
  `${queueId}: from=<${from}>, status=expired, returned to sender`;
export const removedText = (queueId: string): string => `${queueId}: removed`;
export const releasedText = (queueId: string): string => `${queueId}: released from hold`;

// What one line means for the leg it belongs to. No line is needed for another to be understood: each fills in what it says.
import type { MailEvent } from '../protocol/mail-event.ts';
import type { Attempt, Fate } from '../protocol/story.ts';
import { addAttempt, addressKey, bareMessageId, type LegState, type Outcome, own, storyLimits } from './story-state.ts';

/** Postfix gives up after `maximal_queue_lifetime` (five days); a queue id that was silent for longer is another message. */
const queueSilenceMs = 7 * 86_400_000;
/** Lines of one machine may be written out of order by this much: several daemons log through one socket. */
const disorderMs = 60_000;

const opens = (event: MailEvent): boolean => event.kind === 'client' || event.kind === 'pickup';

/**
 * Does the line go on with this leg, or was the queue id given to another message? Short queue ids return within hours
 * on a busy machine, and the line that removed the first may be lost.
 */
export function continuesLeg(leg: LegState, event: MailEvent): boolean {
  if (event.time < leg.firstSeenAt - disorderMs) return false;
  const ended = leg.removedAt ?? (leg.whole !== undefined && leg.whole.fate !== 'held' ? leg.whole.time : undefined);
  if (ended !== undefined) {
    if (event.time > ended + disorderMs) return false;
    const startsAnew =
      (opens(event) && leg.begun === true) ||
      (event.kind === 'message-id' && leg.messageId !== undefined) ||
      (event.kind === 'queued' && leg.queuedAt !== undefined);
    return !(startsAnew && event.time >= ended);
  }
  if (opens(event)) return leg.begun !== true && event.time <= leg.firstSeenAt + disorderMs;
  if (event.kind === 'message-id' && leg.queuedAt !== undefined && leg.messageId !== undefined)
    return event.time <= leg.queuedAt + disorderMs;
  return event.time - leg.lastSeenAt <= queueSilenceMs;
}

export const isLoopback = (ip: string | undefined): boolean =>
  ip !== undefined && (ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.'));

/** Takes the line's facts into the leg. */
export function applyToLeg(leg: LegState, event: MailEvent): void {
  if (event.time < leg.firstSeenAt) leg.firstSeenAt = event.time;
  if (event.time > leg.lastSeenAt) leg.lastSeenAt = event.time;
  if (leg.host === undefined && event.host !== undefined) leg.host = own(event.host);
  switch (event.kind) {
    case 'client':
      applyClient(leg, event);
      break;
    case 'pickup':
      leg.begun = true;
      if (leg.role === 'unknown') leg.role = 'pickup';
      setFrom(leg, event);
      setOrigin(leg, event);
      break;
    case 'message-id':
      setMessageId(leg, event);
      break;
    case 'header':
      if (event.traceId !== undefined) leg.traceId ??= own(event.traceId);
      break;
    case 'queued':
      leg.queuedAt ??= event.time;
      release(leg);
      // The queue manager's is the address after rewriting: `www` has become `www@example.org`.
      if (event.from !== undefined && event.from !== leg.from) leg.from = own(event.from);
      if (event.size !== undefined) leg.size = event.size;
      if (event.nrcpt !== undefined) leg.nrcpt = Math.max(leg.nrcpt ?? 0, event.nrcpt);
      break;
    case 'delivery':
      applyDelivery(leg, event);
      break;
    case 'removed':
      leg.removedAt = event.time;
      if (event.service === 'postsuper') settle(leg, event, 'discarded', 'removed by an operator');
      break;
    case 'expired':
      settle(leg, event, 'expired', event.reason);
      break;
    case 'reject':
      applyReject(leg, event);
      break;
    case 'discard':
      setWhole(leg, event, 'discarded');
      break;
    case 'hold':
      setWhole(leg, event, 'held');
      break;
  }
}

function applyClient(leg: LegState, event: MailEvent): void {
  leg.begun = true;
  leg.loopback = isLoopback(event.clientIp);
  const isSubmission = event.saslUser !== undefined || /submission|smtps/.test(event.program ?? '');
  if (leg.role === 'unknown') leg.role = isSubmission ? 'submission' : 'smtp-in';
  setClient(leg, event);
  setOrigin(leg, event);
}

/** The queue id that the message had before: a filter that passes XFORWARD on, or a message put back by postsuper. */
function setOrigin(leg: LegState, event: MailEvent): void {
  if (event.origQueueId !== undefined) leg.origQueueId ??= own(event.origQueueId);
}

/** Who is at the other end of the connection, as far as the line says. */
export function setClient(leg: LegState, event: MailEvent): void {
  if (event.clientHost !== undefined) leg.clientHost ??= own(event.clientHost);
  if (event.clientIp !== undefined) leg.clientIp ??= own(event.clientIp);
  if (event.helo !== undefined) leg.helo ??= own(event.helo);
  if (event.saslUser !== undefined) leg.saslUser ??= own(event.saslUser);
  if (event.saslMethod !== undefined) leg.saslMethod ??= own(event.saslMethod);
}

function setMessageId(leg: LegState, event: MailEvent): void {
  const messageId = bareMessageId(event.messageId);
  if (messageId !== undefined) leg.messageId ??= own(messageId);
}

function setFrom(leg: LegState, event: MailEvent): void {
  if (event.from !== undefined) leg.from ??= own(event.from);
}

/** What was held goes on. */
function release(leg: LegState): void {
  if (leg.whole?.fate !== 'held') return;
  delete leg.whole;
  for (const [key, outcome] of leg.outcomes) if (outcome.fate === 'held') leg.outcomes.delete(key);
}

/** Something was done to the message as a whole; the line may name one of its recipients. */
function setWhole(leg: LegState, event: MailEvent, fate: Fate): void {
  if (event.to !== undefined && event.to !== '') recordOutcome(leg, event, event.to, fate);
  leg.whole = { fate, time: event.time, ...(event.reason === undefined ? {} : { reason: own(event.reason) }) };
  setFrom(leg, event);
  if (event.helo !== undefined) leg.helo ??= own(event.helo);
}

/** A recipient was refused during the dialogue, or (milter, header and body checks, end of data) the whole message. */
function applyReject(leg: LegState, event: MailEvent): void {
  setFrom(leg, event);
  setClient(leg, event);
  const hasRecipient = event.to !== undefined && event.to !== '';
  if (event.service === 'cleanup' || !hasRecipient) setWhole(leg, event, 'rejected');
  else recordOutcome(leg, event, event.to ?? '', 'rejected');
}

/** Recipients without a final word get this one. */
function settle(leg: LegState, event: MailEvent, fate: Fate, reason: string | undefined): void {
  for (const outcome of leg.outcomes.values()) {
    if (outcome.fate !== 'deferred') continue;
    outcome.fate = fate;
    outcome.time = event.time;
    if (outcome.reason === undefined && reason !== undefined) outcome.reason = own(reason);
  }
  if (leg.outcomes.size === 0)
    leg.whole = { fate, time: event.time, ...(reason === undefined ? {} : { reason: own(reason) }) };
}

function applyDelivery(leg: LegState, event: MailEvent): void {
  const fate = fateOf(event);
  const attempt: Attempt = { time: event.time, to: own(event.to ?? ''), status: own(event.status ?? 'unknown') };
  if (event.origTo !== undefined) attempt.origTo = own(event.origTo);
  if (event.service !== undefined) attempt.service = own(event.service);
  if (event.relay !== undefined) {
    const { host, ip, port } = event.relay;
    attempt.relay = {};
    if (host !== undefined) attempt.relay.host = own(host);
    if (ip !== undefined) attempt.relay.ip = own(ip);
    if (port !== undefined) attempt.relay.port = port;
  }
  if (event.delay !== undefined) attempt.delay = event.delay;
  if (event.delays !== undefined) attempt.delays = event.delays;
  if (event.dsn !== undefined) attempt.dsn = own(event.dsn);
  if (event.reason !== undefined) attempt.reason = own(event.reason);
  if (event.nextQueueId !== undefined) attempt.nextQueueId = own(event.nextQueueId);
  addAttempt(leg, attempt);
  recordOutcome(leg, event, attempt.to, fate);
}

function fateOf(event: MailEvent): Fate {
  switch (event.status) {
    case 'sent':
    case 'deliverable':
      // A content filter answers 250 for what it throws away, and says so in words.
      return event.service === 'discard' || /\bdiscarded\b/i.test(event.reason ?? '') ? 'discarded' : 'delivered';
    case 'bounced':
    case 'undeliverable':
      return 'bounced';
    case 'expired':
      return 'expired';
    default:
      return 'deferred';
  }
}

function recordOutcome(leg: LegState, event: MailEvent, to: string, fate: Fate): void {
  const key = addressKey(to);
  const known = leg.outcomes.get(key);
  if (known === undefined && leg.outcomes.size >= storyLimits.outcomesPerLegMax) {
    leg.outcomesOmitted += 1;
    return;
  }
  const outcome: Outcome = { to: own(to), fate, time: event.time, attempts: (known?.attempts ?? 0) + 1 };
  if (event.origTo !== undefined) outcome.origTo = own(event.origTo);
  if (event.dsn !== undefined) outcome.dsn = own(event.dsn);
  else if (event.reply?.enhanced !== undefined) outcome.dsn = own(event.reply.enhanced);
  if (event.reason !== undefined) outcome.reason = own(event.reason);
  if (event.service !== undefined) outcome.service = own(event.service);
  const relay = event.relay?.host ?? event.relay?.ip;
  if (relay !== undefined) outcome.relay = own(relay);
  if (isLoopback(event.relay?.ip)) outcome.loopback = true;
  if (event.nextQueueId !== undefined) outcome.nextQueueId = own(event.nextQueueId);
  if (event.sessionId !== undefined) outcome.sessionId = own(event.sessionId);
  leg.outcomes.set(key === to ? outcome.to : own(key), outcome);
}

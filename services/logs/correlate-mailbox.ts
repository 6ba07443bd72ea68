// The mailbox side: what Dovecot's LMTP, its LDA and sieve say about one user's copy of a message.
import type { MailEvent } from '../protocol/mail-event.ts';
import type { Fate } from '../protocol/story.ts';
import { addAttempt, addressKey, bareMessageId, type LegState, type Outcome, own, storyLimits } from './story-state.ts';

/** Sieve acts that leave no copy with the user weigh more than those that add to one. */
const sieveWeight: Record<string, number> = {
  notify: 1,
  pipe: 1,
  vacation: 1,
  fileinto: 2,
  redirect: 3,
  reject: 4,
  discard: 4,
};

const addsToACopy = new Set(['notify', 'pipe', 'vacation']);

/** The outcome's key in a mailbox leg: sessions are told apart, a user without one has one word. */
export const mailboxKey = (event: MailEvent): string => `${addressKey(event.user ?? '')} ${event.sessionId ?? ''}`;

/** Takes one line about one user's copy into the mailbox leg. */
export function applyToMailbox(leg: LegState, event: MailEvent): void {
  if (event.time < leg.firstSeenAt) leg.firstSeenAt = event.time;
  if (event.time > leg.lastSeenAt) leg.lastSeenAt = event.time;
  if (leg.host === undefined && event.host !== undefined) leg.host = own(event.host);
  const messageId = bareMessageId(event.messageId);
  if (messageId !== undefined) leg.messageId ??= own(messageId);
  if (event.from !== undefined && event.from !== '') leg.from ??= own(event.from);
  if (event.size !== undefined) leg.size ??= event.size;

  const { fate, sieve } = judge(event);
  const user = own(event.user ?? '');
  addAttempt(leg, {
    time: event.time,
    to: user,
    status: own(event.status ?? event.action ?? fate),
    ...(event.service === undefined ? {} : { service: own(event.service) }),
    ...(event.reason === undefined ? {} : { reason: own(event.reason) }),
  });
  const key = mailboxKey(event);
  const known = leg.outcomes.get(key);
  if (known === undefined) {
    if (leg.outcomes.size >= storyLimits.outcomesPerLegMax) {
      leg.outcomesOmitted += 1;
      return;
    }
    const outcome: Outcome = { to: user, fate, time: event.time, attempts: 1 };
    if (event.sessionId !== undefined) outcome.sessionId = own(event.sessionId);
    leg.outcomes.set(own(key), outcome);
    describe(outcome, event, sieve);
    return;
  }
  known.attempts += 1;
  known.time = Math.max(known.time, event.time);
  // A stored copy is a delivery, whatever else the script did.
  const isWeightier = (sieveWeight[sieve ?? ''] ?? 0) >= (sieveWeight[known.sieve ?? ''] ?? 0);
  const isStored = fate === 'delivered' && !addsToACopy.has(sieve ?? '');
  if (isStored || (isWeightier && known.fate !== 'delivered')) known.fate = fate;
  if (isWeightier) describe(known, event, sieve);
  else if (event.mailbox !== undefined) known.mailbox ??= own(event.mailbox);
}

function describe(outcome: Outcome, event: MailEvent, sieve: string | undefined): void {
  if (sieve !== undefined) outcome.sieve = sieve;
  if (event.mailbox !== undefined) outcome.mailbox = own(event.mailbox);
  if (event.reason !== undefined) outcome.reason = own(event.reason);
}

/** The acts are named by the parser (dovecot/delivery.ts); whether one worked is in the words of the line. */
function judge(event: MailEvent): { fate: Fate; sieve?: string } {
  const words = event.reason ?? '';
  if (event.kind !== 'sieve') {
    if (event.action === 'saved') return { fate: 'delivered' };
    return { fate: /quota|reject|refus/i.test(words) ? 'bounced' : 'deferred' };
  }
  const act = event.action ?? '';
  const isFailed = /failed|error/i.test(words);
  switch (act) {
    case 'discard':
      return { fate: 'discarded', sieve: act };
    case 'redirect':
      if (isFailed) return { fate: 'deferred' };
      return { fate: words.startsWith('discarded') ? 'discarded' : 'delivered', sieve: act };
    case 'reject':
      return { fate: 'bounced', sieve: act };
    case 'fileinto':
      if (isFailed) return { fate: 'deferred' };
      return event.mailbox?.toUpperCase() === 'INBOX' ? { fate: 'delivered' } : { fate: 'delivered', sieve: act };
    case 'vacation':
    case 'notify':
    case 'pipe':
      return { fate: 'delivered', sieve: act };
    default:
      return { fate: isFailed ? 'deferred' : 'delivered' };
  }
}

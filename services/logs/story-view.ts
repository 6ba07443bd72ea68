// From what is known to what a person reads: the legs as they followed one another, and for each final recipient the last
// word downstream.
import type { Fate, Leg, Recipient, Story, StorySummary } from '../protocol/story.ts';
import { isMailboxLeg } from './correlate-join.ts';
import type { DomainScope } from './mail-domain.ts';
import { linkLegs, type StoryLinks, speaksOf } from './story-links.ts';
import {
  addressKey,
  firstSeenAt,
  isQueued,
  isUnended,
  type LegState,
  lastSeenAt,
  type Outcome,
  type StoryState,
  storyIdOf,
} from './story-state.ts';

export const viewLimits = {
  recipientsMax: 10_000,
  summaryRecipientsMax: 3,
  summaryReasonMax: 200,
  summaryQueueIdsMax: 8,
} as const;

/**
 * The fate of a story is the most troubling of its recipients' fates, what is still open before what is settled. A recipient
 * that was refused in the dialogue comes last: the client was told, and the message went on for the others.
 */
const trouble: readonly Fate[] = [
  ...(['held', 'deferred', 'in-transit', 'expired', 'bounced', 'discarded', 'delivered', 'rejected'] as const),
];

/** Whether some recipients of a message with the fate `whole` may have fared as `part`: never worse than the whole. */
export const mayHold = (whole: Fate, part: Fate): boolean => trouble.indexOf(whole) <= trouble.indexOf(part);

/** Index in `state.legs` of each leg of {@link toStory}, in its order. */
export const legOrder = (state: StoryState): number[] =>
  linkLegs(state.legs).order.map((leg) => state.legs.indexOf(leg));

/** What list and detail have in common. */
function readStory(state: StoryState) {
  const links = linkLegs(state.legs);
  const legs = links.order;
  const recipients = finalRecipients(links);
  const from = legs.find((leg) => leg.from !== undefined)?.from;
  const messageId = legs.find((leg) => leg.messageId !== undefined)?.messageId;
  const size = legs.find((leg) => leg.size !== undefined)?.size;
  const facts = {
    id: storyIdOf(state.no),
    ...(messageId === undefined ? {} : { messageId }),
    ...(from === undefined ? {} : { from }),
    ...(size === undefined ? {} : { size }),
    firstSeenAt: firstSeenAt(state),
    lastSeenAt: lastSeenAt(state),
    fate: fateOfStory(legs, recipients),
    closed: !legs.some(isUnended),
  };
  return { links, legs, recipients, facts, unlisted: legs.reduce((sum, leg) => sum + unlistedOf(leg), 0) };
}

/** Recipients beyond the bound; each of their attempts was counted, so the queue manager's number says how many they are. */
const unlistedOf = (leg: LegState): number =>
  leg.nrcpt === undefined
    ? leg.outcomesOmitted
    : Math.min(leg.outcomesOmitted, Math.max(0, leg.nrcpt - leg.outcomes.size));

export function toStory(state: StoryState): Story {
  const { links, legs, recipients, facts, unlisted } = readStory(state);
  const omitted = unlisted + Math.max(0, recipients.length - viewLimits.recipientsMax);
  const traceId = legs.find((leg) => leg.traceId !== undefined)?.traceId;
  return {
    ...facts,
    ...(traceId === undefined ? {} : { traceId }),
    legs: legs.map((leg) => toLeg(leg, links)),
    recipients: recipients.slice(0, viewLimits.recipientsMax),
    ...(omitted === 0 ? {} : { recipientsOmitted: omitted }),
    ...(state.noticeOf === undefined ? {} : { noticeOf: storyIdOf(state.noticeOf) }),
    ...(state.notices.length === 0 ? {} : { notices: state.notices.map(storyIdOf) }),
  };
}

/**
 * One row of a list. Of a message from elsewhere, a scope shows its own recipients and what became of them; a message that
 * came from the scope is shown whole, as is one whose recipients there became others.
 */
export function toSummary(state: StoryState, scope?: DomainScope): StorySummary {
  const { legs, recipients: all, facts: whole, unlisted: allUnlisted } = readStory(state);
  const mine = scope === undefined || legs.some((leg) => scope.covers(leg.from)) ? [] : all.filter(isOf(scope));
  const recipients = mine.length === 0 ? all : mine;
  const facts = recipients === all ? whole : { ...whole, fate: worstOf(new Set(mine.map(({ fate }) => fate))) };
  const unlisted = recipients === all ? allUnlisted : 0;
  const reason =
    recipients.find((recipient) => recipient.fate === facts.fate)?.reason ??
    legs.find((leg) => leg.whole?.fate === facts.fate)?.whole?.reason;
  return {
    ...facts,
    queueIds: legs.flatMap((leg) => leg.queueId ?? []).slice(0, viewLimits.summaryQueueIdsMax),
    to: recipients.slice(0, viewLimits.summaryRecipientsMax).map((recipient) => recipient.to),
    recipientCount: recipients.length + unlisted,
    nodes: [...new Set(legs.map((leg) => leg.node))],
    ...(reason === undefined ? {} : { reason: reason.slice(0, viewLimits.summaryReasonMax) }),
  };
}

const isOf =
  (scope: DomainScope) =>
  ({ to, origTo }: Recipient): boolean =>
    scope.covers(to) || scope.covers(origTo);

/** The fate alone, without the rest of the view. */
export function storyFate(state: StoryState): Fate {
  const links = linkLegs(state.legs);
  return fateOfStory(links.order, finalRecipients(links));
}

function toLeg(leg: LegState, links: StoryLinks): Leg {
  const { messageId: _id, traceId: _trace, begun: _begun, loopback: _loopback, whole: _whole, ...rest } = leg;
  const { outcomes: _outcomes, outcomesOmitted: _unlisted, origQueueId: _origin, attemptsOmitted, ...shown } = rest;
  return {
    ...shown,
    role: roleOf(leg, links),
    attempts: [...leg.attempts].sort((a, b) => a.time - b.time),
    ...(attemptsOmitted === 0 ? {} : { attemptsOmitted }),
  };
}

/** A leg that another one of the same node gave the message is the message coming back from a filter, or going on. */
function roleOf(leg: LegState, links: StoryLinks): Leg['role'] {
  if (leg.role === 'mailbox' || leg.role === 'refused' || leg.role === 'notice') return leg.role;
  const giver = links.givers.get(leg);
  if (giver === undefined || giver.leg.node !== leg.node) return leg.role;
  return giver.outcome.service === 'local' || isMailboxLeg(giver.leg) ? 'forwarded' : 'reinjected';
}

function finalRecipients(links: StoryLinks): Recipient[] {
  const byAddress = new Map<string, Recipient>();
  const spoken = new Set(links.words.values());
  for (const leg of links.order) {
    for (const outcome of leg.outcomes.values()) {
      if (isMailboxLeg(leg)) {
        if (!spoken.has(outcome)) keep(byAddress, afterRedirect(outcome, outcome, links));
        continue;
      }
      const word = links.words.get(outcome);
      const next = links.next.get(outcome);
      if (word !== undefined) keep(byAddress, afterRedirect(withWord(outcome, word), word, links));
      else if (next === undefined)
        keep(byAddress, isUnseenFilter(outcome) ? { ...outcome, fate: 'in-transit' } : outcome);
      else if (!speaksOf(next, outcome) && !(next.removedAt !== undefined && next.outcomes.size > 0))
        keep(byAddress, { ...outcome, ...restOf(next, outcome) });
    }
  }
  return [...byAddress.values()];
}

/** A filter of this machine took it and named a queue id that no line has spoken of yet. */
const isUnseenFilter = (outcome: Outcome): boolean =>
  outcome.fate === 'delivered' && outcome.loopback === true && outcome.nextQueueId !== undefined;

/** Where the next leg has the recipient and no word about it yet. */
function restOf(next: LegState, outcome: Outcome): Pick<Outcome, 'fate' | 'time'> {
  if (next.whole !== undefined) return { fate: next.whole.fate, time: next.whole.time };
  return { fate: 'in-transit', time: Math.max(outcome.time, next.lastSeenAt) };
}

function withWord(outcome: Outcome, word: Outcome): Outcome {
  return {
    ...outcome,
    // What the delivery agent was refused stays refused, whatever was said before.
    fate: outcome.fate === 'delivered' ? word.fate : outcome.fate,
    time: Math.max(outcome.time, word.time),
    ...(word.mailbox === undefined ? {} : { mailbox: word.mailbox }),
    ...(word.sieve === undefined ? {} : { sieve: word.sieve }),
  };
}

/** A script sent the copy on: its recipient fares as the message that came of it. */
function afterRedirect(outcome: Outcome, word: Outcome, links: StoryLinks): Outcome {
  const onward = links.next.get(word);
  if (onward === undefined || outcome.fate !== 'delivered') return outcome;
  const fates = new Set([...onward.outcomes.values()].map((each) => each.fate));
  if (fates.size === 0) return { ...outcome, ...restOf(onward, outcome) };
  return { ...outcome, fate: trouble.find((fate) => fates.has(fate)) ?? outcome.fate };
}

/** The same address in two legs: the later word is the last one. */
function keep(byAddress: Map<string, Recipient>, outcome: Outcome): void {
  const key = addressKey(outcome.to);
  const known = byAddress.get(key);
  if (known !== undefined && known.time > outcome.time) return;
  const { loopback: _l, nextQueueId: _n, sessionId: _s, service: _service, ...recipient } = outcome;
  byAddress.set(key, recipient);
}

function fateOfStory(legs: readonly LegState[], recipients: readonly Recipient[]): Fate {
  const fates = new Set(recipients.map((recipient) => recipient.fate));
  for (const leg of legs) {
    if (leg.whole !== undefined && (leg.outcomes.size === 0 || leg.whole.fate === 'held')) fates.add(leg.whole.fate);
    else if (isQueued(leg) && leg.outcomes.size + unlistedOf(leg) < (leg.nrcpt ?? 1)) fates.add('in-transit');
  }
  return worstOf(fates);
}

const worstOf = (fates: ReadonlySet<Fate>): Fate => trouble.find((fate) => fates.has(fate)) ?? 'in-transit';

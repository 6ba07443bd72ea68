// From what is known to what a person reads: the legs in order of time, and for each final recipient the last word downstream.
import type { Fate, Leg, Recipient, Story, StorySummary } from '../protocol/story.ts';
import { isHop, isMailboxLeg, isMailboxWord, isPickedUp } from './correlate-join.ts';
import {
  addressKey,
  firstSeenAt,
  isOpen,
  isQueued,
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

/** The fate of a story is the most troubling of its recipients' fates, what is still open before what is settled. */
const trouble: readonly Fate[] = [
  'held',
  'deferred',
  'in-transit',
  'expired',
  'bounced',
  'rejected',
  'discarded',
  'delivered',
];

/** Index of each leg in the order in which a reader sees them: by first line, then by name. */
export function legOrder(story: StoryState): number[] {
  const before = (a: LegState, b: LegState): number =>
    a.firstSeenAt - b.firstSeenAt ||
    compare(a.node, b.node) ||
    compare(a.instance, b.instance) ||
    compare(a.queueId ?? '', b.queueId ?? '');
  const { legs } = story;
  return legs
    .map((_, index) => index)
    .sort((a, b) => {
      const [x, y] = [legs[a], legs[b]];
      return x === undefined || y === undefined ? 0 : before(x, y) || a - b;
    });
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function toStory(state: StoryState): Story {
  const legs = orderedLegs(state);
  const all = finalRecipients(legs);
  const recipients = all.slice(0, viewLimits.recipientsMax);
  const omitted = all.length - recipients.length + legs.reduce((sum, leg) => sum + leg.outcomesOmitted, 0);
  const entry = legs.find((leg) => leg.from !== undefined);
  const messageId = legs.find((leg) => leg.messageId !== undefined)?.messageId;
  const traceId = legs.find((leg) => leg.traceId !== undefined)?.traceId;
  const size = legs.find((leg) => leg.size !== undefined)?.size;
  return {
    id: storyIdOf(state.no),
    ...(messageId === undefined ? {} : { messageId }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(entry?.from === undefined ? {} : { from: entry.from }),
    ...(size === undefined ? {} : { size }),
    firstSeenAt: firstSeenAt(state),
    lastSeenAt: lastSeenAt(state),
    fate: fateOfStory(legs, all),
    closed: !isOpen(state),
    legs: legs.map((leg) => toLeg(leg, legs)),
    recipients,
    ...(omitted === 0 ? {} : { recipientsOmitted: omitted }),
    ...(state.noticeOf === undefined ? {} : { noticeOf: storyIdOf(state.noticeOf) }),
    ...(state.notices.length === 0 ? {} : { notices: state.notices.map(storyIdOf) }),
  };
}

export function toSummary(state: StoryState): StorySummary {
  const legs = orderedLegs(state);
  const recipients = finalRecipients(legs);
  const fate = fateOfStory(legs, recipients);
  const entry = legs.find((leg) => leg.from !== undefined);
  const messageId = legs.find((leg) => leg.messageId !== undefined)?.messageId;
  const size = legs.find((leg) => leg.size !== undefined)?.size;
  const reason =
    recipients.find((recipient) => recipient.fate === fate)?.reason ??
    legs.find((leg) => leg.whole?.fate === fate)?.whole?.reason;
  const queueIds = legs.flatMap((leg) => (leg.queueId === undefined ? [] : [leg.queueId]));
  return {
    id: storyIdOf(state.no),
    firstSeenAt: firstSeenAt(state),
    lastSeenAt: lastSeenAt(state),
    fate,
    closed: !isOpen(state),
    ...(messageId === undefined ? {} : { messageId }),
    queueIds: queueIds.slice(0, viewLimits.summaryQueueIdsMax),
    ...(entry?.from === undefined ? {} : { from: entry.from }),
    to: recipients.slice(0, viewLimits.summaryRecipientsMax).map((recipient) => recipient.to),
    recipientCount: recipients.length + legs.reduce((sum, leg) => sum + leg.outcomesOmitted, 0),
    ...(size === undefined ? {} : { size }),
    nodes: [...new Set(legs.map((leg) => leg.node))],
    ...(reason === undefined ? {} : { reason: reason.slice(0, viewLimits.summaryReasonMax) }),
  };
}

/** The fate alone, without the rest of the view. */
export function storyFate(state: StoryState): Fate {
  const legs = orderedLegs(state);
  return fateOfStory(legs, finalRecipients(legs));
}

const orderedLegs = (state: StoryState): LegState[] =>
  legOrder(state).flatMap((index) => {
    const leg = state.legs[index];
    return leg === undefined ? [] : [leg];
  });

function toLeg(leg: LegState, legs: readonly LegState[]): Leg {
  const { messageId: _id, traceId: _trace, begun: _begun, loopback, whole: _whole, outcomes: _out, ...rest } = leg;
  const { outcomesOmitted: _omitted, attemptsOmitted, ...shown } = rest;
  const role = roleOf(leg, legs, loopback === true);
  return { ...shown, role, ...(attemptsOmitted === 0 ? {} : { attemptsOmitted }) };
}

/** A leg that another leg of the same node handed over is the same message coming back from a filter, or going on. */
function roleOf(leg: LegState, legs: readonly LegState[], isLoopback: boolean): Leg['role'] {
  if (leg.role === 'mailbox' || leg.role === 'refused' || leg.role === 'notice') return leg.role;
  for (const giver of legs) {
    if (giver.node !== leg.node || giver === leg) continue;
    for (const outcome of giver.outcomes.values()) {
      if (isPickedUp(giver, outcome, leg)) return 'reinjected';
      if (isHop(giver, outcome, leg)) return outcome.service === 'local' ? 'forwarded' : 'reinjected';
    }
  }
  return leg.role === 'smtp-in' && isLoopback && legs.length > 1 && legs[0] !== leg ? 'reinjected' : leg.role;
}

function finalRecipients(legs: readonly LegState[]): Recipient[] {
  const byAddress = new Map<string, Recipient>();
  const spoken = new Set<Outcome>();
  const links = linkFinder(legs);
  for (const leg of legs) {
    if (isMailboxLeg(leg)) continue;
    for (const outcome of leg.outcomes.values()) {
      const next = links.next(leg, outcome);
      if (next !== undefined) {
        if (speaksOf(next, outcome)) continue;
        keep(byAddress, { ...outcome, ...restOf(next, outcome) });
        continue;
      }
      const word = links.word(leg, outcome);
      if (word !== undefined) {
        spoken.add(word);
        const forward = word.sieve === 'redirect' ? links.redirected(word) : undefined;
        if (forward === undefined || forward.outcomes.size === 0) keep(byAddress, withWord(outcome, word));
        continue;
      }
      const isUnseenFilter =
        outcome.fate === 'delivered' && outcome.loopback === true && outcome.nextQueueId !== undefined;
      keep(byAddress, isUnseenFilter ? { ...outcome, fate: 'in-transit' } : outcome);
    }
  }
  for (const leg of legs)
    if (isMailboxLeg(leg)) for (const word of leg.outcomes.values()) if (!spoken.has(word)) keep(byAddress, word);
  return [...byAddress.values()];
}

/** Finds where an outcome leads, without comparing each with each in stories of thousands of recipients. */
function linkFinder(legs: readonly LegState[]) {
  const byQueueId = new Map<string, LegState[]>();
  const pickups: LegState[] = [];
  const words = new Map<string, { leg: LegState; word: Outcome }[]>();
  const boxOf = new Map<Outcome, LegState>();
  const put = <T>(map: Map<string, T[]>, key: string, value: T): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  };
  for (const leg of legs) {
    if (leg.queueId !== undefined) put(byQueueId, leg.queueId, leg);
    if (leg.role === 'pickup') pickups.push(leg);
    if (!isMailboxLeg(leg)) continue;
    for (const word of leg.outcomes.values()) {
      boxOf.set(word, leg);
      put(words, word.sessionId ?? '', { leg, word });
      if (word.sessionId !== undefined) put(words, '', { leg, word });
    }
  }
  const pickedUp = (leg: LegState, outcome: Outcome): LegState | undefined =>
    pickups.find((next) => isPickedUp(leg, outcome, next));
  return {
    next: (leg: LegState, outcome: Outcome): LegState | undefined =>
      outcome.nextQueueId === undefined
        ? pickedUp(leg, outcome)
        : byQueueId.get(outcome.nextQueueId)?.find((next) => isHop(leg, outcome, next)),
    word: (leg: LegState, outcome: Outcome): Outcome | undefined =>
      words.get(outcome.sessionId ?? '')?.find((entry) => isMailboxWord(leg, outcome, entry.leg, entry.word))?.word,
    redirected: (word: Outcome): LegState | undefined => {
      const box = boxOf.get(word);
      return box === undefined ? undefined : pickedUp(box, word);
    },
  };
}

/** Does the next leg itself say what became of this recipient (also under a rewritten address)? */
function speaksOf(next: LegState, outcome: Outcome): boolean {
  const key = addressKey(outcome.to);
  if (next.outcomes.has(key)) return true;
  for (const other of next.outcomes.values())
    if (other.origTo !== undefined && addressKey(other.origTo) === key) return true;
  return next.removedAt !== undefined && next.outcomes.size > 0;
}

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
    else if (isQueued(leg) && leg.outcomes.size + leg.outcomesOmitted < (leg.nrcpt ?? 1)) fates.add('in-transit');
  }
  return trouble.find((fate) => fates.has(fate)) ?? 'in-transit';
}

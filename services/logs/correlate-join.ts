// When are two stories one? Only on evidence: a reply that names the next queue id, a pipe whose message comes back through
// pickup, a mailbox delivery with the LMTP session of the reply. An equal Message-ID alone is none: list copies, resent and
// duplicated messages share theirs.
import {
  addAttempt,
  addLine,
  addressKey,
  type LegState,
  type Outcome,
  type StoryState,
  storyLimits,
} from './story-state.ts';

/** How far clocks of two nodes may differ. */
export const clockSkewMs = 60_000;
/** From the first line about a message at the next hop until the reply that names its queue id. */
const hopMs = 3_600_000;
/** Between a delivery to Dovecot and what Dovecot says of it, where no session id proves it. */
const mailboxMs = 300_000;

export const isMailboxLeg = (leg: LegState): boolean => leg.role === 'mailbox';

/** `leg` handed the message over with a reply that names `next`'s queue id. */
export function isHop(leg: LegState, outcome: Outcome, next: LegState): boolean {
  if (outcome.nextQueueId === undefined || outcome.nextQueueId !== next.queueId || next === leg) return false;
  const waitedMs = outcome.time - next.firstSeenAt;
  if (waitedMs < -clockSkewMs || waitedMs > hopMs + clockSkewMs) return false;
  if (leg.messageId !== undefined && next.messageId !== undefined) return leg.messageId === next.messageId;
  return waitedMs <= clockSkewMs;
}

/** `next` says by itself that it had `leg`'s queue id before. */
export function isOrigin(leg: LegState, next: LegState): boolean {
  if (next.origQueueId === undefined || next.origQueueId !== leg.queueId || next === leg) return false;
  if (leg.messageId !== next.messageId && leg.messageId !== undefined && next.messageId !== undefined) return false;
  const end = leg.removedAt ?? leg.lastSeenAt + hopMs;
  return next.firstSeenAt >= leg.firstSeenAt - clockSkewMs && next.firstSeenAt <= end + clockSkewMs;
}

/** A pipe or a sieve script took the message, and it came back through `pickup` on the same node. */
export function isPickedUp(leg: LegState, outcome: Outcome, next: LegState): boolean {
  if (next === leg || next.node !== leg.node || next.messageId === undefined || next.messageId !== leg.messageId)
    return false;
  if (next.role !== 'pickup' || outcome.nextQueueId !== undefined) return false;
  const from = isMailboxLeg(leg) ? outcome.time : (leg.queuedAt ?? leg.firstSeenAt);
  const isGiver = isMailboxLeg(leg) ? outcome.sieve === 'redirect' : takesByPipe(outcome);
  return isGiver && next.firstSeenAt >= from - clockSkewMs && next.firstSeenAt <= outcome.time + clockSkewMs;
}

export const takesByPipe = (outcome: Outcome): boolean =>
  outcome.service === 'pipe' && outcome.fate === 'delivered' && outcome.nextQueueId === undefined;

/** Services that hand a message to a mailbox, so that Dovecot may have a word about it. */
export const reachesMailbox = (outcome: Outcome): boolean =>
  outcome.service === 'lmtp' ||
  outcome.service === 'pipe' ||
  outcome.service === 'local' ||
  outcome.service === 'virtual';

/** `word` is what Dovecot said of the copy that `outcome` delivered. */
export function isMailboxWord(leg: LegState, outcome: Outcome, mailbox: LegState, word: Outcome): boolean {
  if (!reachesMailbox(outcome)) return false;
  const apartMs = Math.abs(outcome.time - word.time);
  if (outcome.sessionId !== undefined && word.sessionId !== undefined)
    return outcome.sessionId === word.sessionId && apartMs <= hopMs + clockSkewMs;
  if (apartMs > mailboxMs + clockSkewMs || leg.messageId === undefined || leg.messageId !== mailbox.messageId)
    return false;
  return namesUser(outcome.to, word.to);
}

/** Dovecot's user is the address or its local part, without the extension. */
export function namesUser(address: string, user: string): boolean {
  return userKeys(address).includes(addressKey(user));
}

/** The names under which Dovecot may know a recipient. */
export function userKeys(address: string): string[] {
  const whole = addressKey(address);
  const at = whole.lastIndexOf('@');
  const local = at < 0 ? whole : whole.slice(0, at);
  const domain = at < 0 ? '' : whole.slice(at);
  const keys = [whole];
  if (local !== whole) keys.push(local);
  const plus = local.indexOf('+');
  if (plus > 0) keys.push(local.slice(0, plus) + domain, local.slice(0, plus));
  return keys;
}

/** Is there evidence that a leg of `a` led to a leg of `b`? */
export function leadsTo(a: StoryState, b: StoryState): boolean {
  return a.legs.some((leg) => {
    if (b.legs.some((next) => isOrigin(leg, next))) return true;
    for (const outcome of leg.outcomes.values())
      for (const next of b.legs) {
        if (isMailboxLeg(next)) {
          if (isMailboxLeg(leg) || hasWord(a, leg, outcome)) continue;
          for (const word of next.outcomes.values()) if (isMailboxWord(leg, outcome, next, word)) return true;
        } else if (isHop(leg, outcome, next) || isPickedUp(leg, outcome, next)) return true;
      }
    return false;
  });
}

/** Dovecot has already spoken of this recipient in this story. */
export function hasWord(story: StoryState, leg: LegState, outcome: Outcome): boolean {
  return story.legs.some((box) => {
    if (!isMailboxLeg(box)) return false;
    for (const word of box.outcomes.values()) if (isMailboxWord(leg, outcome, box, word)) return true;
    return false;
  });
}

/** Puts `from`'s legs and lines into `into`. False, and nothing done, when the story would have too many legs. */
export function absorb(into: StoryState, from: StoryState): boolean {
  const boxes = from.legs.map((leg) => (isMailboxLeg(leg) ? into.legs.findIndex((own) => isSameBox(own, leg)) : -1));
  if (into.legs.length + boxes.filter((at) => at < 0).length > storyLimits.legsMax) return false;
  const places = from.legs.map((leg, at) => {
    const box = into.legs[boxes[at] ?? -1];
    if (box === undefined) return into.legs.push(leg) - 1;
    absorbBox(box, leg);
    return boxes[at] ?? 0;
  });
  for (let at = 0; at + 2 < from.lines.length; at += 3) {
    const leg = places[from.lines[at + 2] ?? 0] ?? 0;
    addLine(into, { block: from.lines[at] ?? 0, index: from.lines[at + 1] ?? 0 }, leg);
  }
  into.linesOmitted += from.linesOmitted;
  if (from.noticeOf !== undefined) into.noticeOf ??= from.noticeOf;
  for (const notice of from.notices) if (!into.notices.includes(notice)) into.notices.push(notice);
  return true;
}

/** Copies for many users of one mailbox node are one leg: a message to a thousand of them has no thousand lanes. */
const isSameBox = (a: LegState, b: LegState): boolean =>
  isMailboxLeg(a) && a.node === b.node && a.instance === b.instance && a.host === b.host;

function absorbBox(into: LegState, from: LegState): void {
  into.firstSeenAt = Math.min(into.firstSeenAt, from.firstSeenAt);
  into.lastSeenAt = Math.max(into.lastSeenAt, from.lastSeenAt);
  for (const attempt of from.attempts) addAttempt(into, attempt);
  into.attemptsOmitted += from.attemptsOmitted;
  into.outcomesOmitted += from.outcomesOmitted;
  for (const [key, outcome] of from.outcomes) {
    if (into.outcomes.size < storyLimits.outcomesPerLegMax) into.outcomes.set(key, outcome);
    else into.outcomesOmitted += 1;
  }
  if (from.messageId !== undefined) into.messageId ??= from.messageId;
  if (from.size !== undefined) into.size ??= from.size;
}

// Lines of several nodes in, message stories out. Pure and synchronous: the caller gives each event with its node and the
// place of its raw line, loads stories that were put away when asked, and stores what `drain` returns.
import type { MailEvent } from '../protocol/mail-event.ts';
import { absorb, isHop, isMailboxLeg, leadsTo, reachesMailbox, takesByPipe, userKeys } from './correlate-join.ts';
import { hopKey, joinKeysOf, legKey, pickupKey, sessionKey, userKey } from './correlate-keys.ts';
import { applyToLeg, continuesLeg } from './correlate-leg.ts';
import { applyToMailbox, mailboxKey } from './correlate-mailbox.ts';
import { createSessions, type Session, type Sessions } from './correlate-session.ts';
import { createJoinIndex } from './join-index.ts';
import { hashKey } from './key-hash.ts';
import {
  addLine,
  addressKey,
  bareMessageId,
  createLeg,
  createStory,
  isQueued,
  isUnended,
  type LegState,
  type LineRef,
  lastSeenAt,
  own,
  type StoryState,
  storyLimits,
} from './story-state.ts';

export const correlateLimits = {
  /** Stories held in memory between two drains of the caller; older ones are asked for again when a line needs them. */
  storiesMax: 8_192,
  /** The same by size: recipients, attempts and lines of all of them, about 300 bytes each. */
  storyPartsMax: 250_000,
  /** Keys by which a line may still find its story. */
  joinKeysMax: 2_000_000,
  sessionsMax: 4_096,
} as const;

export type CorrelateLimits = Readonly<Record<keyof typeof correlateLimits, number>>;

/** A closed story can still be joined for this long (log time): the other node's lines may come late. */
const joinMs = 3_600_000;
/** An open one for as long as Postfix keeps a message, and two days more. */
const openMs = 7 * 86_400_000;

/** A story as stored, or the number of the story that it has become part of. */
export type Loaded = StoryState | { readonly mergedInto: number };

export type Drained = {
  /** Stories to store; the objects stay the correlator's until the next `apply`. */
  readonly changed: readonly StoryState[];
  /** Stories that are part of another now. */
  readonly merged: ReadonlyArray<{ readonly no: number; readonly into: number }>;
};

export type Correlator = {
  /** True when the line says that a new message was taken into a queue (a message that a filter gives back is not new). */
  readonly apply: (event: MailEvent, node: string, ref: LineRef) => boolean;
  /** What changed since the last drain. Afterwards the oldest stories beyond the bound leave memory. */
  readonly drain: () => Drained;
  /** Makes a stored story joinable again after a restart. */
  readonly restore: (story: StoryState) => void;
  readonly saveSessions: () => ReturnType<Sessions['save']>;
  readonly restoreSessions: (saved: ReturnType<Sessions['save']>) => void;
  /** Number of the next new story. */
  readonly nextNo: () => number;
  readonly sizes: () => { readonly stories: number; readonly joinKeys: number; readonly forgottenKeys: number };
};

export function createCorrelator(
  config: { readonly nextNo: number; readonly limits?: Partial<CorrelateLimits> },
  deps: { readonly load: (no: number) => Loaded | undefined },
): Correlator {
  const limits = { ...correlateLimits, ...config.limits };
  const stories = new Map<number, StoryState>();
  const changed = new Set<StoryState>();
  const merged = new Map<number, number>();
  const index = createJoinIndex({ entriesMax: limits.joinKeysMax });
  const sessions = createSessions({ sessionsMax: limits.sessionsMax });
  let nextNo = config.nextNo;
  /** Stories from here on were never drained: when they are merged, nobody knows their number. */
  let firstUnstoredNo = config.nextNo;

  function get(no: number): StoryState | undefined {
    let at = no;
    // Each step leads to a lower number, so this ends.
    for (;;) {
      const known = stories.get(at);
      if (known !== undefined) return known;
      const into = merged.get(at);
      const loaded = into === undefined ? deps.load(at) : { mergedInto: into };
      if (loaded === undefined) return undefined;
      if (!('mergedInto' in loaded)) {
        stories.set(at, loaded);
        return loaded;
      }
      if (loaded.mergedInto >= at) return undefined;
      at = loaded.mergedInto;
    }
  }

  /** The oldest leave memory until both bounds hold. Called when all is drained. */
  function putAway(): void {
    let parts = 0;
    for (const story of stories.values()) parts += partsOf(story);
    for (const [no, story] of stories) {
      if (stories.size <= limits.storiesMax && parts <= limits.storyPartsMax) break;
      parts -= partsOf(story);
      stories.delete(no);
    }
  }

  function begin(): StoryState {
    const story = createStory(nextNo);
    nextNo += 1;
    stories.set(story.no, story);
    return story;
  }

  function finalNo(no: number): number {
    const into = merged.get(no);
    return into === undefined ? no : finalNo(into);
  }

  /** Numbers that this story points at are those that remain. */
  function followMerges(story: StoryState): void {
    if (story.noticeOf !== undefined) story.noticeOf = finalNo(story.noticeOf);
    story.notices = [...new Set(story.notices.map(finalNo))];
  }

  const untilOf = (story: StoryState): number =>
    (lastSeenAt(story) + (story.legs.some(isQueued) ? openMs : joinMs)) / 1000;
  const register = (key: string, story: StoryState): void =>
    index.put(hashKey(key), story.no, (lastSeenAt(story) + openMs) / 1000);

  function candidates(key: string, self: StoryState | undefined): StoryState[] {
    const found: StoryState[] = [];
    for (const no of index.find(hashKey(key))) {
      const story = get(no);
      if (story !== undefined && story !== self && !found.includes(story)) found.push(story);
    }
    return found.sort((a, b) => a.no - b.no);
  }

  /** One story of two, when there is evidence; returns the one that remains. */
  function join(a: StoryState, b: StoryState): StoryState {
    if (a === b || !(leadsTo(a, b) || leadsTo(b, a))) return a;
    const [into, from] = a.no < b.no ? [a, b] : [b, a];
    if (!absorb(into, from)) return a;
    stories.delete(from.no);
    changed.delete(from);
    merged.set(from.no, into.no);
    changed.add(into);
    return into;
  }

  function joinAll(story: StoryState, key: string): StoryState {
    let whole = story;
    for (const other of candidates(key, story)) if (other !== whole) whole = join(whole, other);
    register(key, whole);
    return whole;
  }

  /** The leg under this queue id that fits; of several, one that still stands in the queue, then the youngest. */
  function find(node: string, instance: string, queueId: string, fits: (leg: LegState) => boolean) {
    let best: { story: StoryState; leg: LegState; at: number } | undefined;
    for (const no of index.find(hashKey(legKey(node, instance, queueId)))) {
      const story = get(no);
      if (story === undefined) continue;
      for (const [at, leg] of story.legs.entries()) {
        if (leg.queueId !== queueId || leg.node !== node || leg.instance !== instance || !fits(leg)) continue;
        if (best === undefined || isLikelier(leg, best.leg)) best = { story, leg, at };
      }
    }
    return best;
  }

  function addLeg(node: string, event: MailEvent, queueId: string | undefined, role: LegState['role']) {
    const story = begin();
    const leg = createLeg({ node, instance: instanceOf(event), time: event.time, role });
    story.legs.push(leg);
    if (queueId !== undefined) {
      leg.queueId = own(queueId);
      register(legKey(node, leg.instance, queueId), story);
    }
    return { story, leg, at: 0 };
  }

  function applyQueued(event: MailEvent, node: string, ref: LineRef, queueId: string): boolean {
    const isOfLeg = (leg: LegState): boolean => continuesLeg(leg, event);
    const found = find(node, instanceOf(event), queueId, isOfLeg) ?? addLeg(node, event, queueId, 'unknown');
    const { leg, at } = found;
    let story = found.story;
    if (event.kind === 'client') {
      const session = sessions.open(node, event, false);
      session.current = { story: story.no, queueId: leg.queueId ?? queueId };
      if (session.tlsProtocol !== undefined) leg.tlsProtocol = session.tlsProtocol;
      for (const line of session.lines) addLine(story, line, at);
    }
    const isAccepted =
      event.kind === 'queued' && leg.queuedAt === undefined && leg.loopback !== true && leg.role !== 'notice';
    applyToLeg(leg, event);
    addLine(story, ref, at);
    changed.add(story);
    switch (event.kind) {
      case 'message-id':
      case 'queued':
        if (leg.messageId === undefined && event.kind === 'message-id') break;
        story = joinAll(story, hopKey(queueId));
        if (leg.origQueueId !== undefined) story = joinAll(story, hopKey(leg.origQueueId));
        if (leg.messageId !== undefined && leg.role === 'pickup') joinAll(story, pickupKey(node, leg.messageId));
        break;
      case 'delivery':
        joinDelivery(story, leg, event, node);
        break;
      case 'bounce-notice':
        linkNotice(story, event, node);
        break;
    }
    return isAccepted;
  }

  function joinDelivery(start: StoryState, leg: LegState, event: MailEvent, node: string): void {
    let story = start;
    const outcome = leg.outcomes.get(addressKey(event.to ?? ''));
    if (outcome === undefined) return;
    const nextQueueId = outcome.nextQueueId;
    if (nextQueueId !== undefined) {
      const isKnown = story.legs.some((next) => next.queueId === nextQueueId && isHop(leg, outcome, next));
      if (!isKnown) story = joinAll(story, hopKey(nextQueueId));
    }
    if (outcome.sessionId !== undefined) story = joinAll(story, sessionKey(outcome.sessionId));
    if (leg.messageId === undefined || !reachesMailbox(outcome)) return;
    if (outcome.sessionId === undefined)
      for (const user of userKeys(outcome.to)) story = joinAll(story, userKey(leg.messageId, user));
    if (takesByPipe(outcome)) joinAll(story, pickupKey(node, leg.messageId));
  }

  /** The notice is a message of its own; the two stories point at each other. */
  function linkNotice(story: StoryState, event: MailEvent, node: string): void {
    const noticeId = event.nextQueueId;
    if (noticeId === undefined) return;
    const isRecent = (leg: LegState): boolean => Math.abs(leg.firstSeenAt - event.time) <= 60_000;
    const { story: notice, leg } =
      find(node, instanceOf(event), noticeId, isRecent) ?? addLeg(node, event, noticeId, 'notice');
    if (notice === story) return;
    if (leg.role === 'unknown') leg.role = 'notice';
    notice.noticeOf = story.no;
    if (!story.notices.includes(notice.no) && story.notices.length < storyLimits.noticesMax)
      story.notices.push(notice.no);
    changed.add(notice);
  }

  function applyMailbox(event: MailEvent, node: string, ref: LineRef): void {
    const messageId = bareMessageId(event.messageId);
    const user = addressKey(event.user ?? '');
    if (event.sessionId === undefined && (messageId === undefined || user === '')) return;
    const keys = [
      ...(event.sessionId === undefined ? [] : [sessionKey(event.sessionId)]),
      ...(messageId === undefined || user === '' ? [] : [userKey(messageId, user)]),
    ];
    const known = keys
      .flatMap((key) => candidates(key, undefined))
      .flatMap((story) => story.legs.map((leg, at) => ({ story, leg, at })))
      .find(({ leg }) => isSameCopy(leg, event, node));
    const { story, leg, at } = known ?? addLeg(node, event, undefined, 'mailbox');
    applyToMailbox(leg, event);
    addLine(story, ref, at);
    changed.add(story);
    let whole = story;
    for (const key of keys) whole = joinAll(whole, key);
    if (event.kind === 'sieve' && leg.messageId !== undefined) joinAll(whole, pickupKey(node, leg.messageId));
  }

  /** Refused before it had a queue id: one story for a client's session and sender. */
  function applyRefused(event: MailEvent, node: string, ref: LineRef): void {
    const session = sessions.open(node, event, false);
    const from = event.from ?? '';
    const known = session.refused?.from === from ? get(session.refused.story) : undefined;
    const story = known ?? addLeg(node, event, undefined, 'refused').story;
    const leg = story.legs[0];
    if (leg === undefined) return;
    if (known === undefined) {
      session.refused = { story: story.no, from: own(from) };
      if (session.tlsProtocol !== undefined) leg.tlsProtocol = session.tlsProtocol;
      for (const line of session.lines) addLine(story, line, 0);
    }
    applyToLeg(leg, event);
    addLine(story, ref, 0);
    changed.add(story);
  }

  function applySession(event: MailEvent, node: string, ref: LineRef): void {
    if (event.kind === 'connect') {
      sessions.open(node, event, true).lines.push(ref);
    } else if (event.kind === 'tls') {
      const session = sessions.open(node, event, false);
      if (event.tls?.protocol !== undefined) session.tlsProtocol = own(event.tls.protocol);
      if (session.lines.length < sessionLinesMax) session.lines.push(ref);
    } else {
      const session = sessions.of(node, event);
      if (session !== undefined) endSession(session, event, node, ref);
      if (event.kind === 'disconnect') sessions.close(node, event);
    }
  }

  /** The client went away before the message was whole: nobody took it. */
  function endSession(session: Session, event: MailEvent, node: string, ref: LineRef): void {
    const current = session.current;
    if (current === undefined) return;
    const story = get(current.story);
    const at = story?.legs.findIndex((leg) => leg.node === node && leg.queueId === current.queueId) ?? -1;
    const leg = story?.legs[at];
    delete session.current;
    if (story === undefined || leg === undefined) return;
    if (leg.messageId !== undefined || leg.queuedAt !== undefined || leg.whole !== undefined) return;
    leg.whole = { fate: 'rejected', time: event.time, reason: own(event.reason ?? 'the client left before the end') };
    leg.lastSeenAt = Math.max(leg.lastSeenAt, event.time);
    addLine(story, ref, at);
    changed.add(story);
  }

  return {
    apply: (event, node, ref) => {
      index.advance(event.time / 1000);
      if (!isOfStories(event)) return false;
      const queueId = event.queueId;
      if (queueId !== undefined && queueId !== 'NOQUEUE') return applyQueued(event, node, ref, queueId);
      switch (event.kind) {
        case 'mailbox-delivery':
        case 'sieve':
          applyMailbox(event, node, ref);
          break;
        case 'reject':
        case 'discard':
          applyRefused(event, node, ref);
          break;
        case 'connect':
        case 'disconnect':
        case 'connection-lost':
        case 'tls':
          if (event.service === 'smtpd' || event.service === 'postscreen') applySession(event, node, ref);
      }
      return false;
    },
    drain: () => {
      for (const story of changed) {
        const until = untilOf(story);
        for (const key of joinKeysOf(story)) index.put(hashKey(key), story.no, until);
        // The youngest are last, so that the first are the ones to put away.
        stories.delete(story.no);
        stories.set(story.no, story);
      }
      for (const story of changed) followMerges(story);
      const drained = {
        changed: [...changed],
        merged: [...merged].flatMap(([no]) => (no < firstUnstoredNo ? [{ no, into: finalNo(no) }] : [])),
      };
      firstUnstoredNo = nextNo;
      changed.clear();
      merged.clear();
      putAway();
      return drained;
    },
    restore: (story) => {
      const until = untilOf(story);
      index.advance(lastSeenAt(story) / 1000);
      for (const key of joinKeysOf(story)) index.put(hashKey(key), story.no, until);
    },
    saveSessions: sessions.save,
    restoreSessions: sessions.restore,
    nextNo: () => nextNo,
    sizes: () => ({ stories: stories.size, joinKeys: index.size(), forgottenKeys: index.forgotten() }),
  };
}

const sessionLinesMax = 8;

const partsOf = (story: StoryState): number =>
  story.legs.reduce((sum, leg) => sum + leg.outcomes.size + leg.attempts.length, story.lines.length / 3);

const isLikelier = (a: LegState, b: LegState): boolean =>
  isUnended(a) === isUnended(b) ? a.firstSeenAt > b.firstSeenAt : isUnended(a);

/** A filter's line about somebody else's queue id begins no story, and other mail servers have none yet. */
const isOfStories = ({ software }: MailEvent): boolean =>
  software === 'postfix' || software === 'dovecot' || software === undefined;

const instanceOf = (event: MailEvent): string => own(event.instance ?? event.software ?? 'unknown');

/** Another line about the copy that this mailbox leg is about. */
function isSameCopy(leg: LegState, event: MailEvent, node: string): boolean {
  if (!isMailboxLeg(leg) || leg.node !== node || !leg.outcomes.has(mailboxKey(event))) return false;
  return event.sessionId !== undefined || Math.abs(event.time - leg.lastSeenAt) <= 60_000;
}

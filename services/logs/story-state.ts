// What the correlator keeps of one message. A story is a set of legs that evidence holds together; everything a reader
// sees (who got it, in what order, how it ended) is derived from the legs in story-view.ts, so that the order in which
// lines of several nodes arrive cannot change it.
import type { Attempt, Fate, Leg } from '../protocol/story.ts';

/** Bounds of one story. What is left out is counted where the reader sees it. */
export const storyLimits = {
  legsMax: 200,
  /** The first and the last half of these are kept: how it began, and how it stands. */
  attemptsPerLegMax: 100,
  outcomesPerLegMax: 10_000,
  linesMax: 2_000,
  noticesMax: 50,
  /** UTF-16 units of one kept text: a reply, an address, a name. */
  textMax: 1_000,
} as const;

/** The last word on one recipient in one leg; the key in `outcomes` is the address in lower case. */
export type Outcome = {
  to: string;
  origTo?: string;
  fate: Fate;
  time: number;
  dsn?: string;
  reason?: string;
  /** Host or name of where it went. */
  relay?: string;
  service?: string;
  /** Went to a loopback address: a filter of this machine, when the reply names a queue id. */
  loopback?: boolean;
  nextQueueId?: string;
  sessionId?: string;
  mailbox?: string;
  sieve?: string;
  attempts: number;
};

export type LegState = Omit<Leg, 'attempts' | 'attemptsOmitted'> & {
  messageId?: string;
  traceId?: string;
  /** The queue id that the message had before a filter, as the filter passed it on. */
  origQueueId?: string;
  /** The line that opens a leg (`client=`, `uid=`) was seen. */
  begun?: boolean;
  /** The client sits on a loopback address: a filter gives the message back. */
  loopback?: boolean;
  /** What was done to the message as a whole; recipients without a word of their own share it. */
  whole?: { fate: Fate; time: number; reason?: string };
  attempts: Attempt[];
  attemptsOmitted: number;
  outcomes: Map<string, Outcome>;
  outcomesOmitted: number;
};

export type StoryState = {
  /** Rises with each new story; the oldest part of a merged story gives its number. */
  readonly no: number;
  legs: LegState[];
  /** Where the raw lines lie: triples of block number, index in the block, index of the leg. */
  lines: number[];
  linesOmitted: number;
  noticeOf?: number;
  notices: number[];
};

/** Where a raw line is stored. */
export type LineRef = { readonly block: number; readonly index: number };

export const storyIdOf = (no: number): string => `s${no.toString(36)}`;

/** `undefined` for what is no story id. */
export function storyNoOf(id: string): number | undefined {
  if (!/^s[0-9a-z]{1,10}$/.test(id)) return undefined;
  const no = Number.parseInt(id.slice(1), 36);
  return Number.isSafeInteger(no) && no > 0 ? no : undefined;
}

export function createStory(no: number): StoryState {
  return { no, legs: [], lines: [], linesOmitted: 0, notices: [] };
}

export function createLeg(place: { node: string; instance: string; time: number; role: Leg['role'] }): LegState {
  return {
    node: place.node,
    instance: place.instance,
    firstSeenAt: place.time,
    lastSeenAt: place.time,
    role: place.role,
    attempts: [],
    attemptsOmitted: 0,
    outcomes: new Map(),
    outcomesOmitted: 0,
  };
}

export function addLine(story: StoryState, ref: LineRef, leg: number): void {
  story.lines.push(ref.block, ref.index, leg);
  if (story.lines.length <= storyLimits.linesMax * 3) return;
  story.lines.splice((storyLimits.linesMax >> 1) * 3, 3);
  story.linesOmitted += 1;
}

export function addAttempt(leg: LegState, attempt: Attempt): void {
  leg.attempts.push(attempt);
  if (leg.attempts.length <= storyLimits.attemptsPerLegMax) return;
  leg.attempts.splice(storyLimits.attemptsPerLegMax >> 1, 1);
  leg.attemptsOmitted += 1;
}

/** Still stands in a queue, as far as the log tells. */
export const isQueued = (leg: LegState): boolean =>
  leg.removedAt === undefined && (leg.queuedAt !== undefined || leg.whole?.fate === 'held');

/** More lines may come about this leg: its queue id is still its own. */
export const isUnended = (leg: LegState): boolean =>
  leg.queueId !== undefined && leg.removedAt === undefined && (leg.whole === undefined || leg.whole.fate === 'held');

export const firstSeenAt = (story: StoryState): number =>
  story.legs.reduce((least, leg) => Math.min(least, leg.firstSeenAt), Number.POSITIVE_INFINITY);

export const lastSeenAt = (story: StoryState): number =>
  story.legs.reduce((most, leg) => Math.max(most, leg.lastSeenAt), 0);

/**
 * A text of its own: a slice of a parsed chunk would keep the whole chunk alive for as long as the story lives, because
 * the engine represents it as a view. Joining and cutting forces a flat copy.
 */
export function own(text: string): string {
  const cut = text.length > storyLimits.textMax ? text.slice(0, storyLimits.textMax) : text;
  return cut.length < 13 ? cut : ` ${cut}`.slice(1);
}

/** Mail addresses compare without case; the local part's case matters to nobody who looks for a message. */
export const addressKey = (address: string): string => address.toLowerCase();

/** Message ids compare without their angle brackets; an empty one is none. */
export function bareMessageId(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bare = text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
  return bare === '' ? undefined : bare;
}

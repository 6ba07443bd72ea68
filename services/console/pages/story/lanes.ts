// A story as lanes: one for each leg, with the bars of its phases and the marks of its attempts. Times are epoch ms.
// Postfix's delays say more than the times of the lines, which often have whole seconds: `a/b/c/d` are before the queue
// manager, in the queue manager, connecting, transmitting, and they end where the delivery line stands (postconf(5),
// delay_logging_resolution_limit).
import type { AttemptWire, LegWire, StoryWire } from '../../../protocol/wire.ts';
import type { Fate } from '../../words/words.ts';

export type Phase = 'before' | 'queue' | 'connect' | 'transmit';
export type Bar = { readonly phase: Phase; readonly since: number; readonly until: number };

/** Attempts of one transaction, drawn as one: same relay, same delays, same outcome, about the same time. */
export type Attempts = {
  readonly since: number;
  readonly time: number;
  readonly fate: Fate;
  /** How many recipients it stands for. */
  readonly count: number;
  readonly bars: readonly Bar[];
  readonly relay: string | undefined;
  readonly dsn: string | undefined;
  readonly reason: string | undefined;
  readonly to: string;
  /** Index of the leg that took it over, where it is part of this story. */
  readonly nextLeg: number | undefined;
  /** Row inside the lane; transactions that overlap stand below each other. */
  readonly row: number;
};

export type Lane = {
  readonly leg: number;
  readonly node: string;
  readonly queueId: string | undefined;
  readonly role: LegWire['role'];
  readonly since: number;
  readonly until: number;
  /** It may still change: the queue id was not removed. */
  readonly open: boolean;
  readonly before: Bar | undefined;
  readonly attempts: readonly Attempts[];
  readonly rows: number;
  readonly attemptsOmitted: number;
};

/** Rows of overlapping transactions in one lane; further ones share the last. */
const rowsMax = 8;
/** Room for the mark after a transaction, as a share of what the lane spans. */
const markShare = 0.04;
/** Attempts whose lines lie this close belong to one transaction. */
const transactionMs = 2000;
/** Lines with whole seconds may stand this far from the time that the delays tell. */
const resolutionMs = 1000;

const fateByStatus: Readonly<Record<string, Fate>> = {
  sent: 'delivered',
  deferred: 'deferred',
  bounced: 'bounced',
  undeliverable: 'bounced',
  expired: 'expired',
  rejected: 'rejected',
  reject: 'rejected',
  discarded: 'discarded',
  discard: 'discarded',
  held: 'held',
};
const fateOfStatus = (status: string): Fate => fateByStatus[status] ?? 'delivered';

function relayText(relay: AttemptWire['relay']): string | undefined {
  if (relay === undefined) return undefined;
  const name = relay.host ?? relay.ip;
  if (name === undefined) return undefined;
  return relay.port === undefined || relay.port === 25 ? name : `${name}:${relay.port}`;
}

/** The phases of one attempt, ending at its line; phases of no length are left out. */
function phasesOf(attempt: AttemptWire): Bar[] {
  const time = Date.parse(attempt.time);
  if (attempt.delays === undefined) return [];
  const { qmgr, connection, transmission } = attempt.delays;
  const sending = time - transmission * 1000;
  const connecting = sending - connection * 1000;
  const queued = connecting - qmgr * 1000;
  const bars: Bar[] = [
    { phase: 'queue', since: queued, until: connecting },
    { phase: 'connect', since: connecting, until: sending },
    { phase: 'transmit', since: sending, until: time },
  ];
  return bars.filter((bar) => bar.since < bar.until);
}

function groupAttempts(leg: LegWire, legByQueueId: ReadonlyMap<string, number>): Attempts[] {
  type Open = { -readonly [Key in keyof Attempts]: Attempts[Key] };
  const open = new Map<string, Open>();
  const groups: Open[] = [];
  const sorted = [...leg.attempts].sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  for (const attempt of sorted) {
    const time = Date.parse(attempt.time);
    const relay = relayText(attempt.relay);
    const fate = fateOfStatus(attempt.status);
    const nextLeg = attempt.nextQueueId === undefined ? undefined : legByQueueId.get(attempt.nextQueueId);
    const key = JSON.stringify([relay, fate, attempt.delays, nextLeg]);
    const known = open.get(key);
    if (known !== undefined && time - known.time <= transactionMs) {
      known.count += 1;
      known.time = time;
      continue;
    }
    const bars = phasesOf(attempt);
    const group: Open = {
      since: bars[0]?.since ?? time,
      time,
      fate,
      count: 1,
      bars,
      relay,
      dsn: attempt.dsn,
      reason: attempt.reason,
      to: attempt.to,
      nextLeg,
      row: 0,
    };
    open.set(key, group);
    groups.push(group);
  }
  return groups;
}

/** Transactions to the same relay with the same outcome, one over the other, become one: each phase from its first beginning. */
function bundle(groups: readonly Attempts[]): Attempts[] {
  const bundles = new Map<string, Attempts[]>();
  const done: Attempts[][] = [];
  for (const group of groups) {
    const key = JSON.stringify([group.relay, group.fate, group.nextLeg]);
    const known = bundles.get(key);
    if (known !== undefined && group.since <= Math.max(...known.map((one) => one.time))) known.push(group);
    else {
      const begun = [group];
      bundles.set(key, begun);
      done.push(begun);
    }
  }
  return done.flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const time = Math.max(...members.map((one) => one.time));
    const firstOf = (phase: Phase): number =>
      Math.min(...members.flatMap((one) => one.bars.filter((bar) => bar.phase === phase).map((bar) => bar.since)));
    const phases = (['queue', 'connect', 'transmit'] as const).filter((phase) => Number.isFinite(firstOf(phase)));
    const bars = phases.map((phase, at) => {
      const next = phases[at + 1];
      return { phase, since: firstOf(phase), until: next === undefined ? time : firstOf(next) };
    });
    return [{ ...first, time, count: members.reduce((sum, one) => sum + one.count, 0), bars }];
  });
}

/** Gives each transaction the first row that is free. */
function stackRows(groups: readonly Attempts[]): Attempts[] {
  const rowEnds: number[] = [];
  const [first] = groups;
  const markMs = first === undefined ? 0 : (Math.max(...groups.map((one) => one.time)) - first.since) * markShare;
  return groups.map((group) => {
    const free = rowEnds.findIndex((end) => end < group.since);
    const row = free !== -1 ? free : Math.min(rowEnds.length, rowsMax - 1);
    // Where days pass, the axis is broken and gives the mark its room by itself; the transaction's own length is enough.
    rowEnds[row] = Math.max(rowEnds[row] ?? 0, group.time + Math.min(markMs, group.time - group.since));
    return { ...group, row };
  });
}

/** As they are where they fit; bundled where too many would stand over each other. */
function layAttempts(groups: readonly Attempts[]): Attempts[] {
  const crowded = stackRows(groups).some((group) => group.row === rowsMax - 1);
  return stackRows(crowded ? bundle(groups) : groups);
}

/** From the first sign of the message until the queue manager has it: as the lines say, sharpened by the first delays. */
function beforeQueue(leg: LegWire, attempts: readonly AttemptWire[]): Bar | undefined {
  const firstSeen = Date.parse(leg.firstSeenAt);
  if (leg.queuedAt === undefined || leg.role === 'unknown') return undefined;
  const queuedAt = Date.parse(leg.queuedAt);
  const [first] = attempts;
  if (first?.delays !== undefined && first.delay !== undefined) {
    const arrival = Date.parse(first.time) - first.delay * 1000;
    const taken = arrival + first.delays.beforeQmgr * 1000;
    if (Math.abs(taken - queuedAt) <= resolutionMs)
      return { phase: 'before', since: Math.min(arrival, firstSeen), until: Math.max(taken, firstSeen) };
  }
  return firstSeen < queuedAt ? { phase: 'before', since: firstSeen, until: queuedAt } : undefined;
}

/** `now` is where an open lane ends. */
export function layLanes(story: StoryWire, now: number): Lane[] {
  const legByQueueId = new Map<string, number>();
  story.legs.forEach((leg, index) => {
    if (leg.queueId !== undefined) legByQueueId.set(leg.queueId, index);
  });
  return story.legs.map((leg, index): Lane => {
    const before = beforeQueue(leg, leg.attempts);
    const attempts = layAttempts(groupAttempts(leg, legByQueueId));
    const lastSeen = Date.parse(leg.lastSeenAt);
    const removed = leg.removedAt === undefined ? undefined : Date.parse(leg.removedAt);
    const open = !story.closed && removed === undefined && leg.queueId !== undefined;
    // A leg without a delivery line still ends in something: a refusal, or what a mailbox made of it.
    if (attempts.length === 0 && !open && (leg.role === 'refused' || leg.role === 'mailbox'))
      attempts.push({
        ...{
          since: lastSeen,
          time: lastSeen,
          fate: leg.role === 'refused' ? 'rejected' : story.fate,
          count: 1,
          bars: [],
        },
        ...{ relay: undefined, dsn: undefined, reason: undefined, to: '', nextLeg: undefined, row: 0 },
      });
    const starts = [Date.parse(leg.firstSeenAt), ...attempts.map((group) => group.since), before?.since ?? lastSeen];
    return {
      leg: index,
      node: leg.node,
      queueId: leg.queueId,
      role: leg.role,
      since: Math.min(...starts),
      until: open ? Math.max(now, lastSeen) : (removed ?? lastSeen),
      open,
      before,
      attempts,
      rows: Math.max(1, ...attempts.map((group) => group.row + 1)),
      attemptsOmitted: leg.attemptsOmitted ?? 0,
    };
  });
}

/** What each phase took in all, over every lane and attempt, ms; phases that did not occur are absent. */
export function sumPhases(lanes: readonly Lane[]): Partial<Record<Phase, number>> {
  const sums: Partial<Record<Phase, number>> = {};
  const bars = lanes.flatMap((lane) => [
    ...(lane.before === undefined ? [] : [lane.before]),
    ...lane.attempts.flatMap((group) => group.bars),
  ]);
  for (const bar of bars) sums[bar.phase] = (sums[bar.phase] ?? 0) + bar.until - bar.since;
  return sums;
}

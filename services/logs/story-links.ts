// Which leg led to which: where an outcome's recipient went on, and what the mailbox side said of it. Derived from the legs
// each time, so that it cannot depend on the order in which their lines came.
import { isHop, isMailboxLeg, isMailboxWord, isOrigin, isPickedUp } from './correlate-join.ts';
import { addressKey, type LegState, type Outcome } from './story-state.ts';

export type StoryLinks = {
  /** Legs as they followed one another: a leg stands behind the one that gave it the message, whatever their clocks say. */
  readonly order: readonly LegState[];
  /** The leg in which the recipient of this outcome went on. */
  readonly next: ReadonlyMap<Outcome, LegState>;
  /** What Dovecot said of the copy that this outcome delivered. */
  readonly words: ReadonlyMap<Outcome, Outcome>;
  /** Who gave the message to this leg. */
  readonly givers: ReadonlyMap<LegState, { readonly leg: LegState; readonly outcome: Outcome }>;
};

export function linkLegs(legs: readonly LegState[]): StoryLinks {
  const next = new Map<Outcome, LegState>();
  const words = new Map<Outcome, Outcome>();
  const givers = new Map<LegState, { leg: LegState; outcome: Outcome }>();
  if (legs.length === 1) return { order: legs, next, words, givers };

  const byQueueId = Map.groupBy(legs, (leg) => leg.queueId ?? '');
  const boxes = legs.filter(isMailboxLeg);
  const pickups = legs.filter((leg) => leg.role === 'pickup');
  const returned = legs.filter((leg) => leg.origQueueId !== undefined);
  const bySession = new Map<string, { box: LegState; word: Outcome }>();
  for (const box of boxes)
    for (const word of box.outcomes.values())
      if (word.sessionId !== undefined) bySession.set(word.sessionId, { box, word });

  const findWord = (leg: LegState, outcome: Outcome): { box: LegState; word: Outcome } | undefined => {
    const said = outcome.sessionId === undefined ? undefined : bySession.get(outcome.sessionId);
    if (said !== undefined && isMailboxWord(leg, outcome, said.box, said.word)) return said;
    if (outcome.sessionId !== undefined && said === undefined && bySession.size > 0) return undefined;
    for (const box of boxes)
      for (const word of box.outcomes.values()) if (isMailboxWord(leg, outcome, box, word)) return { box, word };
    return undefined;
  };
  const findNext = (leg: LegState, outcome: Outcome): LegState | undefined => {
    if (outcome.nextQueueId !== undefined) {
      const named = byQueueId.get(outcome.nextQueueId) ?? [];
      return named.find((to) => isHop(leg, outcome, to) && !isBackwards(leg, outcome, to));
    }
    if (outcome.fate !== 'delivered') return undefined;
    return (
      pickups.find((to) => isPickedUp(leg, outcome, to)) ??
      returned.find((to) => isOrigin(leg, to) && speaksOf(to, outcome))
    );
  };
  const link = (leg: LegState, outcome: Outcome, to: LegState): void => {
    next.set(outcome, to);
    if (!givers.has(to)) givers.set(to, { leg, outcome });
  };

  for (const leg of legs) {
    for (const outcome of leg.outcomes.values()) {
      const said = isMailboxLeg(leg) ? undefined : findWord(leg, outcome);
      if (said !== undefined) {
        words.set(outcome, said.word);
        if (!givers.has(said.box)) givers.set(said.box, { leg, outcome });
        continue;
      }
      const to = findNext(leg, outcome);
      if (to !== undefined) link(leg, outcome, to);
    }
  }
  // A leg that says itself where it came from, although no recipient of both is known by name.
  for (const to of returned) {
    const leg = givers.has(to) ? undefined : legs.find((from) => isOrigin(from, to));
    const outcome = leg?.outcomes.values().next().value;
    if (leg !== undefined && outcome !== undefined) givers.set(to, { leg, outcome });
  }
  return { order: causalOrder(legs, givers), next, words, givers };
}

/** Two legs may name each other by chance, when short queue ids repeat: the earlier reply is the true one. */
function isBackwards(leg: LegState, outcome: Outcome, to: LegState): boolean {
  for (const back of to.outcomes.values()) {
    if (back.nextQueueId !== leg.queueId || !isHop(to, back, leg)) continue;
    return back.time === outcome.time ? before(to, leg) < 0 : back.time < outcome.time;
  }
  return false;
}

/** Does the leg itself say what became of this recipient (also under a rewritten address)? */
export function speaksOf(leg: LegState, outcome: Outcome): boolean {
  const key = addressKey(outcome.to);
  if (leg.outcomes.has(key)) return true;
  for (const other of leg.outcomes.values())
    if (other.origTo !== undefined && addressKey(other.origTo) === key) return true;
  return false;
}

function causalOrder(legs: readonly LegState[], givers: StoryLinks['givers']): LegState[] {
  const sorted = [...legs].sort(before);
  const children = Map.groupBy(sorted, (leg) => givers.get(leg)?.leg);
  const order = new Set<LegState>();
  const visit = (leg: LegState): void => {
    if (order.has(leg)) return;
    order.add(leg);
    for (const child of children.get(leg) ?? []) visit(child);
  };
  for (const root of children.get(undefined) ?? []) visit(root);
  // Legs that give to one another in a ring have no root.
  for (const leg of sorted) visit(leg);
  return [...order];
}

function before(a: LegState, b: LegState): number {
  return (
    a.firstSeenAt - b.firstSeenAt ||
    compare(a.node, b.node) ||
    compare(a.instance, b.instance) ||
    compare(a.queueId ?? '', b.queueId ?? '')
  );
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

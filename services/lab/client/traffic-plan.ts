import { z } from 'zod';

// What simulated users do and when, drawn beforehand from a seed: the same request gives the same run.

export const actionsMax = 100_000;
const hoursPerDay = 24;

/** Kinds and their shares of all actions. */
const shares = {
  inbound: 30,
  'submit-local': 15,
  'submit-remote': 12,
  'imap-read': 18,
  'imap-append': 4,
  pop3: 5,
  'wrong-password': 5,
  'unknown-user': 5,
  newsletter: 2,
  'greylisted-remote': 3,
  'slow-remote': 1,
} as const;
export type TrafficKind = keyof typeof shares;
export const trafficKinds = Object.keys(shares) as readonly TrafficKind[];

/** Share of a day's mail in each hour, as a business sees it: quiet nights, a peak before noon and one after. */
const dayProfile = [2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 18, 12, 14, 18, 17, 14, 10, 7, 6, 5, 4, 4, 3] as const;

export const trafficTaskSchema = z.object({
  run: z.string(),
  domain: z.string(),
  seed: z.int(),
  ratePerSecond: z.number().positive(),
  seconds: z.int().positive(),
  profile: z.enum(['flat', 'day']),
  /** A mailbox, and the full names of the hosts that hold it. */
  users: z.array(z.object({ address: z.string(), holders: z.array(z.string()).min(1) })).min(1),
  /** Full names of all mail hosts. */
  relays: z.array(z.string()).min(1),
  /** Users who keep an IMAP session idle for the whole run. */
  idle: z.int().min(0),
});
export type TrafficTask = z.infer<typeof trafficTaskSchema>;

export type TrafficAction = {
  readonly number: number;
  readonly afterMs: number;
  readonly kind: TrafficKind;
  readonly user: number;
  readonly other: number;
  readonly relay: number;
};

/** Actions in order of time; a `day` is squeezed into `seconds`, with the same number of actions as a flat run. */
export function planTraffic(task: TrafficTask): readonly TrafficAction[] {
  const draw = createDraw(task.seed);
  const count = Math.min(actionsMax, Math.round(task.ratePerSecond * task.seconds));
  const spanMs = task.seconds * 1000;
  const times = Array.from({ length: count }, () => (task.profile === 'day' ? drawInDay(draw) : draw()) * spanMs);
  return times
    .toSorted((a, b) => a - b)
    .map((afterMs, index) => ({
      number: index + 1,
      afterMs: Math.round(afterMs),
      kind: pick(
        trafficKinds.map((kind) => [kind, shares[kind]] as const),
        draw(),
      ),
      user: Math.floor(draw() * task.users.length),
      other: Math.floor(draw() * task.users.length),
      relay: Math.floor(draw() * task.relays.length),
    }));
}

function drawInDay(draw: () => number): number {
  const hour = pick(
    dayProfile.map((weight, index) => [index, weight] as const),
    draw(),
  );
  return (hour + draw()) / hoursPerDay;
}

function pick<Value>(weighted: readonly (readonly [Value, number])[], drawn: number): Value {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  let left = drawn * total;
  for (const [value, weight] of weighted) {
    if (left < weight) return value;
    left -= weight;
  }
  throw new Error('nothing to pick from');
}

/** Numbers in [0, 1) from a seed (mulberry32): small, and the same everywhere. */
function createDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

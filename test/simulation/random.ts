// Chance from a seed: the same seed gives the same schedule on every machine.
export type Random = { state: number };

/** A generator for a seed below 2^32; neighbouring seeds give unrelated streams. */
export function randomOf(seed: number): Random {
  let mixed = (seed ^ 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return { state: (mixed ^ (mixed >>> 16)) | 0 };
}

function next(random: Random): number {
  random.state = (random.state + 0x6d2b79f5) | 0;
  let mixed = random.state;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}

/** An integer from `low` to `high`, both included. */
export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor((next(random) / 4_294_967_296) * (high - low + 1));
/** True in `percent` of cases. */
export const chance = (random: Random, percent: number): boolean => between(random, 0, 999) < percent * 10;

export function pick<Item>(random: Random, items: readonly [Item, ...Item[]] | readonly Item[]): Item {
  const item = items[between(random, 0, items.length - 1)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

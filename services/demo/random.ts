/** Chance as an argument: the same seed gives the same numbers, so that a demo can be replayed and tested. */
export type Random = {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number from `min` to `max`, both included. */
  readonly between: (min: number, max: number) => number;
  readonly pick: <Item>(items: readonly [Item, ...Item[]]) => Item;
  /** `length` characters of `alphabet`. */
  readonly text: (length: number, alphabet: string) => string;
};

export const alphabets = {
  hex: '0123456789abcdef',
  /** Dovecot's session ids are base64. */
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
} as const;

/** mulberry32: 32 bits of state, more than good enough for traffic. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    text: (length, alphabet) => {
      let made = '';
      while (made.length < length) made += alphabet.charAt(between(0, alphabet.length - 1));
      return made;
    },
  };
}

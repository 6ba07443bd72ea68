// Which stories may a line still belong to? Key hash → story numbers, kept in memory for as long as more can come, while
// the stories themselves spill to the store. An open-addressing table in typed arrays: 28 bytes an entry, no work for the
// garbage collector. Several stories may share a key; the caller judges the evidence.

export type JoinIndex = {
  /** Adds the pair or renews its time. `until`: seconds of log time after which it may be forgotten. */
  readonly put: (hash: number, story: number, until: number) => void;
  /** Story numbers under this key, in no particular order. */
  readonly find: (hash: number) => readonly number[];
  /**
   * A second of log time has been seen. Entries that ended before all that was seen lately make room when the table grows: beside
   * today's lines there may be those of years ago, whose messages are still joined.
   */
  readonly advance: (second: number) => void;
  readonly size: () => number;
  /** Entries given up although their time had not come, because the table was at its bound. */
  readonly forgotten: () => number;
};

const none: readonly number[] = [];
const slotsAtStart = 4096;

export function createJoinIndex(config: { readonly entriesMax: number }): JoinIndex {
  let slots = slotsAtStart;
  let keys = new Float64Array(slots);
  let stories = new Float64Array(slots);
  let untils = new Float64Array(slots);
  let used = 0;
  /** The oldest second since the table was last rebuilt. */
  let oldestSecond = Number.POSITIVE_INFINITY;
  let forgotten = 0;

  function insert(key: number, story: number, until: number): void {
    let slot = (key >>> 0) & (slots - 1);
    while (stories[slot] !== 0) {
      if (keys[slot] === key && stories[slot] === story) {
        untils[slot] = until;
        return;
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    keys[slot] = key;
    stories[slot] = story;
    untils[slot] = until;
    used += 1;
  }

  /** Keeps what may still be needed, in a table with room for as much again; at the bound the quarter that ends first goes. */
  function rebuild(): void {
    const [oldKeys, oldStories, oldUntils] = [keys, stories, untils];
    const nowSecond = oldestSecond === Number.POSITIVE_INFINITY ? 0 : oldestSecond;
    oldestSecond = Number.POSITIVE_INFINITY;
    const alive = untils.filter((until) => until > nowSecond).sort();
    const isFull = alive.length >= config.entriesMax;
    const keepAfter = isFull ? (alive[alive.length >> 2] ?? nowSecond) : nowSecond;
    const kept = isFull ? alive.reduce((count, until) => count + (until > keepAfter ? 1 : 0), 0) : alive.length;
    forgotten += alive.length - kept;
    slots = slotsAtStart;
    while (slots < kept * 4) slots *= 2;
    [keys, stories, untils] = [new Float64Array(slots), new Float64Array(slots), new Float64Array(slots)];
    used = 0;
    for (let slot = 0; slot < oldKeys.length; slot += 1) {
      const until = oldUntils[slot] ?? 0;
      if (oldStories[slot] !== 0 && until > keepAfter) insert(oldKeys[slot] ?? 0, oldStories[slot] ?? 0, until);
    }
  }

  return {
    put: (hash, story, until) => {
      if (used * 2 >= slots || used >= config.entriesMax) rebuild();
      insert(hash, story, until);
    },
    find: (hash) => {
      let slot = (hash >>> 0) & (slots - 1);
      let found: number[] | undefined;
      while (stories[slot] !== 0) {
        if (keys[slot] === hash) {
          found ??= [];
          found.push(stories[slot] ?? 0);
        }
        slot = slot + 1 === slots ? 0 : slot + 1;
      }
      return found ?? none;
    },
    advance: (second) => {
      if (second < oldestSecond) oldestSecond = second;
    },
    size: () => used,
    forgotten: () => forgotten,
  };
}

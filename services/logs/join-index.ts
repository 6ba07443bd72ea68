// Which stories may a line still belong to? Key hash → story numbers, kept in memory for as long as more can come, while
// the stories themselves spill to the store. An open-addressing table in typed arrays: 16 bytes a slot, no work for the
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

/** Bits 32 to 47. */
const highOf = (number: number): number => Math.floor(number / 2 ** 32) & 0xffff;

/** Slots of 48 bits of a hash, a story number of 48 bits and a second. A free one has no story. */
function createTable(slots: number) {
  const keys = new Uint32Array(slots);
  const stories = new Uint32Array(slots);
  const untils = new Uint32Array(slots);
  const highs = new Uint32Array(slots);
  return {
    untils,
    /** The memory is free at once, not when the garbage collector comes by; nobody may look at the table any more. */
    giveBack: (): void => {
      for (const words of [keys, stories, untils, highs]) words.buffer.transfer(0);
    },
    isTaken: (slot: number): boolean => stories[slot] !== 0 || ((highs[slot] ?? 0) & 0xffff) !== 0,
    hasKey: (slot: number, key: number): boolean =>
      keys[slot] === key >>> 0 && (highs[slot] ?? 0) >>> 16 === highOf(key),
    keyAt: (slot: number): number => (keys[slot] ?? 0) + ((highs[slot] ?? 0) >>> 16) * 2 ** 32,
    storyAt: (slot: number): number => (stories[slot] ?? 0) + ((highs[slot] ?? 0) & 0xffff) * 2 ** 32,
    set: (slot: number, key: number, story: number, until: number): void => {
      keys[slot] = key;
      stories[slot] = story;
      untils[slot] = until;
      highs[slot] = highOf(key) * 2 ** 16 + highOf(story);
    },
  };
}

export function createJoinIndex(config: { readonly entriesMax: number }): JoinIndex {
  let slots = slotsAtStart;
  let table = createTable(slots);
  let used = 0;
  /** The oldest second since the table was last rebuilt. */
  let oldestSecond = Number.POSITIVE_INFINITY;
  let forgotten = 0;

  function insert(key: number, story: number, until: number): void {
    let slot = (key >>> 0) & (slots - 1);
    for (; table.isTaken(slot); slot = slot + 1 === slots ? 0 : slot + 1) {
      if (!table.hasKey(slot, key) || table.storyAt(slot) !== story) continue;
      table.untils[slot] = until;
      return;
    }
    table.set(slot, key, story, until);
    used += 1;
  }

  /** Keeps what may still be needed, in a table with room for as much again; at the bound the quarter that ends first goes. */
  function rebuild(): void {
    const old = table;
    const nowSecond = oldestSecond === Number.POSITIVE_INFINITY ? 0 : oldestSecond;
    oldestSecond = Number.POSITIVE_INFINITY;
    const alive = old.untils.filter((until) => until > nowSecond).sort();
    const isFull = alive.length >= config.entriesMax;
    const keepAfter = isFull ? (alive[alive.length >> 2] ?? nowSecond) : nowSecond;
    const kept = isFull ? alive.reduce((count, until) => count + (until > keepAfter ? 1 : 0), 0) : alive.length;
    forgotten += alive.length - kept;
    slots = slotsAtStart;
    while (slots < kept * 2) slots *= 2;
    table = createTable(slots);
    used = 0;
    for (let slot = 0; slot < old.untils.length; slot += 1) {
      const until = old.untils[slot] ?? 0;
      if (old.isTaken(slot) && until > keepAfter) insert(old.keyAt(slot), old.storyAt(slot), until);
    }
    old.giveBack();
  }

  return {
    put: (hash, story, until) => {
      if (used * 4 >= slots * 3 || used >= config.entriesMax) rebuild();
      insert(hash, story, until);
    },
    find: (hash) => {
      let slot = (hash >>> 0) & (slots - 1);
      let found: number[] | undefined;
      for (; table.isTaken(slot); slot = slot + 1 === slots ? 0 : slot + 1) {
        if (!table.hasKey(slot, hash)) continue;
        found ??= [];
        found.push(table.storyAt(slot));
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

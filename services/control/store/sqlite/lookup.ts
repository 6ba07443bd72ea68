// Key → stories, for search. A B-tree of millions of random keys would dirty a page for every entry; so each commit
// writes its entries as one immutable segment, hashed into buckets, and segments of one level are merged into one of the
// next. A lookup reads one bucket of each segment whose times fit. An entry is a hint: the story row is the truth.
import type { DatabaseSync } from 'node:sqlite';
import { giveBack } from '../../../runtime/give-back.ts';
import { bucketsMax } from './schema.ts';

/** An entry: hash (48 bits), story number (48 bits), first second of the story (32 bits). */
const words = 4;
export const lookupLimits = {
  /** So many segments of one level become one. */
  fanIn: 8,
  /** A larger segment is not merged further; retention drops whole segments. */
  entriesPerSegmentMax: 1_000_000,
  /** Mean entries of a bucket. */
  entriesPerBucket: 128,
} as const;

export type Segment = { no: number; level: number; bits: number; entries: number; min_s: number; max_s: number };

export type LookupWriter = {
  readonly add: (hash: number, story: number, firstSecond: number) => void;
  /** Writes what was added as a segment, and merges; part of the caller's transaction. */
  readonly flush: () => void;
  /** Forgets what was added and not written. */
  readonly reset: () => void;
};

export function createLookupWriter(db: DatabaseSync): LookupWriter {
  const insertSegment = db.prepare('INSERT INTO segment (level, bits, entries, min_s, max_s) VALUES (?, ?, ?, ?, ?)');
  const insertPage = db.prepare('INSERT INTO posting (page, entries) VALUES (?, ?)');
  const readPages = db.prepare('SELECT entries FROM posting WHERE page >= ? AND page < ?');
  const dropPages = db.prepare('DELETE FROM posting WHERE page >= ? AND page < ?');
  const dropSegment = db.prepare('DELETE FROM segment WHERE no = ?');
  const readLevel = db.prepare('SELECT no, level, bits, entries, min_s, max_s FROM segment WHERE level = ?');
  let buffer = new Uint32Array(words * 4_096);
  let used = 0;

  function write(entries: Uint32Array, level: number): void {
    const count = entries.length / words;
    let bits = 0;
    while (bits < 16 && count >> bits > lookupLimits.entriesPerBucket) bits += 1;
    const bucketOf = (at: number): number => (bits === 0 ? 0 : (entries[at] ?? 0) >>> (32 - bits));
    const starts = new Uint32Array((1 << bits) + 1);
    let [least, most] = [0xffffffff, 0];
    for (let at = 0; at < entries.length; at += words) {
      const slot = bucketOf(at) + 1;
      starts[slot] = (starts[slot] ?? 0) + words;
      const second = entries[at + 3] ?? 0;
      if (second < least) least = second;
      if (second > most) most = second;
    }
    for (let bucket = 1; bucket < starts.length; bucket += 1)
      starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
    const sorted = new Uint32Array(entries.length);
    const next = starts.slice(0, -1);
    for (let at = 0; at < entries.length; at += words) {
      const bucket = bucketOf(at);
      const to = next[bucket] ?? 0;
      sorted[to] = entries[at] ?? 0;
      sorted[to + 1] = entries[at + 1] ?? 0;
      sorted[to + 2] = entries[at + 2] ?? 0;
      sorted[to + 3] = entries[at + 3] ?? 0;
      next[bucket] = to + words;
    }
    const segment = Number(insertSegment.run(level, bits, count, least, most).lastInsertRowid);
    for (let bucket = 0; bucket + 1 < starts.length; bucket += 1) {
      const [from, to] = [starts[bucket] ?? 0, starts[bucket + 1] ?? 0];
      if (to > from) insertPage.run(segment * bucketsMax + bucket, bytesOf(sorted.subarray(from, to)));
    }
    giveBack(sorted);
  }

  function mergeFrom(level: number): void {
    const segments = readLevel.all(level) as unknown as Segment[];
    if (segments.length < lookupLimits.fanIn) return;
    const total = segments.reduce((sum, segment) => sum + segment.entries, 0);
    const merged = new Uint32Array(total * words);
    let at = 0;
    for (const { no } of segments) {
      for (const row of readPages.iterate(no * bucketsMax, (no + 1) * bucketsMax)) {
        const page = wordsOf(row.entries as Uint8Array);
        merged.set(page, at);
        at += page.length;
      }
      dropPages.run(no * bucketsMax, (no + 1) * bucketsMax);
      dropSegment.run(no);
    }
    const isFull = total > lookupLimits.entriesPerSegmentMax / lookupLimits.fanIn;
    write(merged.subarray(0, at), isFull ? sealedLevel : level + 1);
    giveBack(merged);
    if (!isFull) mergeFrom(level + 1);
  }

  return {
    add: (hash, story, firstSecond) => {
      if (used + words > buffer.length) {
        const larger = new Uint32Array(buffer.length * 2);
        larger.set(buffer);
        buffer = larger;
      }
      buffer[used] = hash >>> 0;
      buffer[used + 1] = highOf(hash, story);
      buffer[used + 2] = story >>> 0;
      buffer[used + 3] = Math.max(0, firstSecond);
      used += words;
    },
    flush: () => {
      if (used === 0) return;
      write(buffer.subarray(0, used), 0);
      used = 0;
      mergeFrom(0);
    },
    reset: () => {
      used = 0;
    },
  };
}

/** Segments of this level are never merged. */
const sealedLevel = 99;
const hashHigh = (hash: number): number => Math.floor(hash / 4294967296) & 0xffff;
const highOf = (hash: number, story: number): number =>
  ((hashHigh(hash) << 16) | (Math.floor(story / 4294967296) & 0xffff)) >>> 0;

const bytesOf = (entries: Uint32Array): Uint8Array =>
  new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);

/** A blob's bytes may lie at any address; words need an aligned one. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return new Uint32Array(bytes.slice().buffer);
}

export function createLookupReader(db: DatabaseSync) {
  const readSegments = db.prepare(
    'SELECT no, level, bits, entries, min_s, max_s FROM segment WHERE max_s >= ? AND min_s <= ? ORDER BY max_s DESC, no DESC',
  );
  const readPage = db.prepare('SELECT entries FROM posting WHERE page = ?');
  return {
    /** Segments with stories that began in the interval, by their newest story, newest first. */
    segments: (sinceSecond: number, untilSecond: number): Segment[] =>
      readSegments.all(sinceSecond, untilSecond) as unknown as Segment[],
    /** Calls `visit` for each entry of the key in the segment; returns how many entries were looked at. */
    visit: (segment: Segment, hash: number, visit: (story: number, firstSecond: number) => void): number => {
      const low = hash >>> 0;
      const bucket = segment.bits === 0 ? 0 : low >>> (32 - segment.bits);
      const row = readPage.get(segment.no * bucketsMax + bucket);
      if (row === undefined) return 0;
      const page = wordsOf(row.entries as Uint8Array);
      const high = hashHigh(hash);
      for (let at = 0; at < page.length; at += words) {
        const second = page[at + 1] ?? 0;
        if (page[at] === low && second >>> 16 === high)
          visit((second & 0xffff) * 4294967296 + (page[at + 2] ?? 0), page[at + 3] ?? 0);
      }
      return page.length / words;
    },
  };
}

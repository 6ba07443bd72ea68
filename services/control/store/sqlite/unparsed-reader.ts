// Stored lines → clusters of those that nobody understands: read again by the parser that runs now, so that what it has
// learned since is no longer among them. Only blocks are opened whose minutes had such lines.
import type { DatabaseSync } from 'node:sqlite';
import { createLineParser } from '../../../logs/parse.ts';
import { createUnparsedClusters } from '../../../logs/unparsed-clusters.ts';
import type { Unparsed } from '../../../protocol/unparsed.ts';
import type { UnparsedRequest } from '../event-store.ts';
import { readBlockLines } from './line-blocks.ts';

export const unparsedReadLimits = {
  /** Unparsed lines that one answer groups, seconds of work: a node whose every line is strange has shown what it is by then. */
  linesMax: 100_000,
  /** Lines that one answer reads to find them. */
  readLinesMax: 5_000_000,
} as const;

const minuteMs = 60_000;

/** An answer keeps to its limits, and says when it was cut at them. */
export function createUnparsedReader(
  db: DatabaseSync,
  limits: { readonly linesMax: number; readonly readLinesMax: number } = unparsedReadLimits,
): (request: UnparsedRequest) => Unparsed {
  const readMinutes = db.prepare(
    'SELECT source, minute FROM minute WHERE minute BETWEEN ? AND ? AND unparsed > 0 ORDER BY minute',
  );
  const readBlocks = db.prepare('SELECT no, last_time FROM block WHERE source = ? AND last_time >= ? ORDER BY no');
  const readBlock = db.prepare('SELECT data, read_ms, time_zone FROM block WHERE no = ?');

  /** Blocks that may hold lines of these minutes, which ascend: each block covers the time from the one before it on. */
  function blocksOf(source: number, minutes: readonly number[]): number[] {
    const blocks: number[] = [];
    let at = 0;
    for (const row of readBlocks.all(source, (minutes[0] ?? 0) * minuteMs)) {
      const lastMinute = Math.floor(Number(row.last_time) / minuteMs);
      if ((minutes[at] ?? Number.POSITIVE_INFINITY) > lastMinute) continue;
      blocks.push(Number(row.no));
      // The minute in which a block ends goes on in the next one.
      while (at < minutes.length && (minutes[at] ?? 0) < lastMinute) at += 1;
      if (at >= minutes.length) break;
    }
    return blocks;
  }

  function* linesOf(source: number, minutes: readonly number[]) {
    for (const no of blocksOf(source, minutes)) {
      const block = readBlock.get(no);
      if (block === undefined) continue;
      const parser = createLineParser({ now: Number(block.read_ms), timeZone: String(block.time_zone) });
      for (const text of readBlockLines(block.data as Uint8Array)) yield { text, event: parser.parse(text) };
    }
  }

  return ({ since, until, clustersMax }) => {
    const minutesBySource = new Map<number, number[]>();
    for (const row of readMinutes.iterate(Math.floor(since / minuteMs), Math.floor(until / minuteMs))) {
      const minutes = minutesBySource.get(Number(row.source)) ?? [];
      minutes.push(Number(row.minute));
      minutesBySource.set(Number(row.source), minutes);
    }
    const clusters = createUnparsedClusters({ now: until, timeZone: 'UTC' });
    let [looked, read, isCut] = [0, 0, false];
    // One strange source does not hide the others: each has its share, and what those before it left of theirs, so those with
    // the fewest minutes come first.
    const sources = [...minutesBySource].sort(([, a], [, b]) => a.length - b.length);
    for (const [at, [source, minutes]] of sources.entries()) {
      const lookUntil = looked + Math.ceil((limits.linesMax - looked) / (sources.length - at));
      const readUntil = read + Math.ceil((limits.readLinesMax - read) / (sources.length - at));
      for (const line of linesOf(source, minutes)) {
        if (looked >= lookUntil || read >= readUntil) {
          isCut = true;
          break;
        }
        read += 1;
        const { kind, time } = line.event;
        if (kind !== 'unparsed' || time < since || time > until) continue;
        clusters.add(line.text, time);
        looked += 1;
      }
    }
    return { ...clusters.result(clustersMax), cut: isCut };
  };
}

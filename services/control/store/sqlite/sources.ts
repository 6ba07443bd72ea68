// How far each source is stored, and where bytes are missing.
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../../protocol/errors.ts';
import type { BatchEnvelope } from '../../../protocol/ingest.ts';
import { type Claim, claimRange } from './source-ranges.ts';

/** Rows of sources kept in memory; others are read again when they speak. */
export const sourcesInMemoryMax = 10_000;

/** A zone that is taken for another puts a line's time this much ahead of its reading; a time beyond is no time at all. */
export const clockAheadMs = 26 * 3_600_000;

/** What one stored part of a batch held. */
export type Stored = { lines: number; unparsed: number; suppressed: number; firstTime: number; lastTime: number };

export type Source = {
  readonly no: number;
  path: string;
  ranges: readonly number[];
  lines: number;
  unparsed: number;
  suppressed: number;
  duplicates: number;
  lastTime: number;
  isDirty: boolean;
};

export function createSources(db: DatabaseSync) {
  const find = db.prepare('SELECT * FROM source WHERE node = ? AND source_id = ?');
  const insert = db.prepare(
    `INSERT INTO source (node, source_id, path, ranges, lines, unparsed, suppressed, duplicates, last_time)
     VALUES (?, ?, ?, '[]', 0, 0, 0, 0, 0)`,
  );
  const update = db.prepare(
    `UPDATE source SET path = ?, ranges = ?, lines = ?, unparsed = ?, suppressed = ?, duplicates = ?, last_time = ? WHERE no = ?`,
  );
  const putGap = db.prepare(
    'INSERT OR REPLACE INTO gap (source, first_offset, last_offset, since, until) VALUES (?, ?, ?, ?, ?)',
  );
  const gapsWithin = db.prepare('SELECT * FROM gap WHERE source = ? AND first_offset < ? AND last_offset > ?');
  const dropGap = db.prepare('DELETE FROM gap WHERE source = ? AND first_offset = ?');
  const known = new Map<string, Source>();

  /** A batch that fills a hole makes its gap smaller, or two of it. */
  function fillGaps(source: number, first: number, last: number): void {
    for (const gap of gapsWithin.all(source, last, first)) {
      const [from, to] = [Number(gap.first_offset), Number(gap.last_offset)];
      dropGap.run(source, from);
      if (from < first) putGap.run(source, from, first, Number(gap.since), Number(gap.until));
      if (to > last) putGap.run(source, last, to, Number(gap.since), Number(gap.until));
    }
  }

  return {
    of: (envelope: BatchEnvelope): Source => {
      const key = `${envelope.node}\n${envelope.sourceId}`;
      const source = known.get(key);
      if (source !== undefined) return source;
      const row = find.get(envelope.node, envelope.sourceId);
      const made: Source = {
        no:
          row === undefined
            ? Number(insert.run(envelope.node, envelope.sourceId, envelope.path).lastInsertRowid)
            : Number(row.no),
        path: envelope.path,
        ranges: row === undefined ? [] : (JSON.parse(String(row.ranges)) as number[]),
        lines: Number(row?.lines ?? 0),
        unparsed: Number(row?.unparsed ?? 0),
        suppressed: Number(row?.suppressed ?? 0),
        duplicates: Number(row?.duplicates ?? 0),
        lastTime: Number(row?.last_time ?? 0),
        isDirty: false,
      };
      known.set(key, made);
      return made;
    },
    /** @throws AppError `out-of-sequence` for a partly stored batch whose cut lines hide where its bytes belong. */
    claim: (source: Source, envelope: BatchEnvelope): Claim => {
      const { firstOffset, lastOffset } = envelope;
      const claim = claimRange(source.ranges, firstOffset, lastOffset);
      const isPart = claim.fresh.length > 0 && (claim.fresh[0] !== firstOffset || claim.fresh[1] !== lastOffset);
      if (isPart && envelope.rawBytes !== lastOffset - firstOffset) {
        throw new AppError(
          'out-of-sequence',
          `Part of ${firstOffset}–${lastOffset} of ${envelope.path} is stored already, and lines in it are cut.`,
          {
            hint: `Send it again from ${source.ranges.at(-1) ?? 0}.`,
          },
        );
      }
      return claim;
    },
    countDuplicate: (source: Source): void => {
      source.duplicates += 1;
      source.isDirty = true;
    },
    /** Counts the lines of one stored part, and notes the gap before it. */
    record: (source: Source, stored: Stored, envelope: BatchEnvelope, gap: Claim['gap']): void => {
      const { readMs } = envelope;
      if (gap !== undefined) {
        // What is missing was written before this was read: in a time to come nobody would ask for it.
        const [before, after] = [Math.min(source.lastTime, readMs), Math.min(stored.firstTime || readMs, readMs)];
        putGap.run(source.no, gap.first, gap.last, Math.min(before, after), Math.max(before, after));
      }
      source.lines += stored.lines;
      source.unparsed += stored.unparsed;
      source.suppressed += stored.suppressed;
      source.lastTime = Math.max(source.lastTime, stored.lastTime);
      source.path = envelope.path;
    },
    keep: (source: Source, claim: Claim): void => {
      const end = source.ranges.at(-1);
      if (end !== undefined && (claim.fresh[0] ?? 0) < end)
        for (let at = 0; at + 1 < claim.fresh.length; at += 2)
          fillGaps(source.no, claim.fresh[at] ?? 0, claim.fresh[at + 1] ?? 0);
      source.ranges = claim.ranges;
      source.isDirty = true;
    },
    flush: (): void => {
      for (const source of known.values()) {
        if (!source.isDirty) continue;
        const { path, ranges, lines, unparsed, suppressed, duplicates, lastTime, no } = source;
        update.run(path, JSON.stringify(ranges), lines, unparsed, suppressed, duplicates, lastTime, no);
        source.isDirty = false;
      }
      if (known.size > sourcesInMemoryMax) known.clear();
    },
    /** What is in memory no longer holds. To be called when all is flushed. */
    forget: (): void => known.clear(),
  };
}

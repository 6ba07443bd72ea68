// How whole the log is over an interval, source by source, and in a sentence.
import type { DatabaseSync } from 'node:sqlite';
import { type Completeness, gapsMax, type SourceCompleteness } from '../../../protocol/completeness.ts';
import type { RemovalReader } from './removals.ts';

export type Interval = { readonly since: number; readonly until: number };

/** Sources that an answer lists; the sentence counts them all. */
export const sourcesMax = 500;
const minuteMs = 60_000;

type SourceFigures = { lines: number; unparsed: number; suppressed: number; duplicates: number };
const nothing: SourceFigures = { lines: 0, unparsed: 0, suppressed: 0, duplicates: 0 };

export function createCompletenessReader(db: DatabaseSync, removals: RemovalReader) {
  const readSources = db.prepare('SELECT * FROM source');
  const readMinutes = db.prepare(
    `SELECT source, sum(lines) AS lines, sum(unparsed) AS unparsed, sum(suppressed) AS suppressed, sum(duplicates) AS duplicates
     FROM minute WHERE minute BETWEEN ? AND ? GROUP BY source`,
  );
  const readBefore = db.prepare(
    `SELECT source, sum(lines) AS lines, sum(unparsed) AS unparsed, sum(suppressed) AS suppressed, sum(duplicates) AS duplicates
     FROM minute WHERE minute < ? GROUP BY source`,
  );
  const readGaps = db.prepare('SELECT * FROM gap WHERE since <= ? AND until >= ? ORDER BY until DESC');
  const readExtent = db.prepare('SELECT min(minute) AS first, max(minute) AS last FROM minute');

  const figuresOf = (row: Record<string, unknown>): SourceFigures => ({
    lines: Number(row.lines),
    unparsed: Number(row.unparsed),
    suppressed: Number(row.suppressed),
    duplicates: Number(row.duplicates),
  });

  /** When the stored lines begin and end. */
  function extentOfLines(): Interval | undefined {
    const row = readExtent.get();
    if (row === undefined || row.first === null) return undefined;
    return { since: Number(row.first) * minuteMs, until: (Number(row.last) + 1) * minuteMs - 1 };
  }

  /** The sums over everything stand with the sources: no need to add up months of minutes, only what comes before. */
  function addUp(sources: readonly Record<string, unknown>[], interval: Interval): Map<number, SourceFigures> {
    const whole = extentOfLines();
    const figures = new Map<number, SourceFigures>();
    const [from, to] = [Math.floor(interval.since / minuteMs), Math.floor(interval.until / minuteMs)];
    const middle = whole === undefined ? 0 : (whole.since + whole.until) / 2;
    if (whole === undefined || interval.until < whole.until || interval.since > middle) {
      for (const row of readMinutes.iterate(from, to)) figures.set(Number(row.source), figuresOf(row));
      return figures;
    }
    for (const row of sources) figures.set(Number(row.no), figuresOf(row));
    for (const row of readBefore.iterate(from)) {
      const [all, before] = [figures.get(Number(row.source)), figuresOf(row)];
      if (all === undefined) continue;
      for (const name of Object.keys(all) as (keyof SourceFigures)[]) all[name] -= before[name];
    }
    return figures;
  }

  /** What retention took of the interval. A minute's grace: what is kept begins somewhere within one. */
  function removedFrom(interval: Interval): { readonly until: number; readonly sentence: string } | undefined {
    const [lines, stories] = [removals.until('lines'), removals.until('stories')];
    const until = Math.max(lines, stories);
    if (until <= interval.since + minuteMs) return undefined;
    const at = new Date(until).toISOString();
    const sentence =
      lines >= stories
        ? `Lines before ${at} were removed by retention.`
        : `Messages before ${at} were removed by retention, their lines are kept longer.`;
    return { until, sentence };
  }

  return {
    /** What a question about all times is about. */
    extent: (): Interval | undefined => {
      const whole = extentOfLines();
      return whole === undefined ? undefined : { ...whole, since: Math.max(whole.since, removals.until('stories')) };
    },
    read: (interval: Interval): Completeness => {
      const sources = readSources.all();
      const figures = addUp(sources, interval);
      const removed = removedFrom(interval);
      const linesRemovedUntil = removals.until('lines');
      const gaps = new Map<number, { since: number; until: number; bytes: number }[]>();
      for (const row of readGaps.iterate(interval.until, interval.since)) {
        const list = gaps.get(Number(row.source)) ?? [];
        const bytes = Number(row.last_offset) - Number(row.first_offset);
        list.push({ since: Number(row.since), until: Number(row.until), bytes });
        gaps.set(Number(row.source), list);
      }
      const all = sources.map((row): SourceCompleteness => {
        const no = Number(row.no);
        const { lines, unparsed, suppressed, duplicates } = figures.get(no) ?? nothing;
        const missing = gaps.get(no) ?? [];
        const gapBytes = missing.reduce((sum, gap) => sum + gap.bytes, 0);
        const ranges = JSON.parse(String(row.ranges)) as number[];
        return {
          node: String(row.node),
          sourceId: String(row.source_id),
          path: String(row.path),
          state:
            gapBytes > 0 ? 'gap' : suppressed > 0 ? 'suppressed' : lines > 0 || duplicates > 0 ? 'complete' : 'unknown',
          lines,
          gapBytes,
          suppressedMessages: suppressed,
          duplicateBatches: duplicates,
          unparsedLines: unparsed,
          lastOffset: ranges.at(-1) ?? 0,
          lastSeenAt: Number(row.last_time),
          ...(missing.length === 0 ? {} : { gaps: missing.slice(0, gapsMax) }),
        };
      });
      const heard = all.filter((source) => source.state !== 'unknown');
      const newest = new Map<string, number>();
      for (const source of all) {
        const log = logOf(source);
        newest.set(log, Math.max(newest.get(log) ?? 0, source.lastSeenAt));
      }
      // A file that a rotation put away is silent because its log goes on in the next one.
      const current = all.filter(
        (source) =>
          source.state !== 'unknown' ||
          // Nor is one whose lines retention took.
          (source.lastSeenAt === newest.get(logOf(source)) && source.lastSeenAt > linesRemovedUntil),
      );
      const { complete, sentence } = describe(heard, removed?.sentence);
      // What is wrong comes first, so that the bound never hides it.
      const order = { gap: 0, suppressed: 1, complete: 2, unknown: 3 };
      const listed = current.sort((a, b) => order[a.state] - order[b.state] || (a.node < b.node ? -1 : 1));
      return {
        ...{ ...interval, complete, sentence, sources: listed.slice(0, sourcesMax) },
        ...(removed === undefined ? {} : { removedUntil: removed.until }),
      };
    },
  };
}

/** The log that a file is part of: its node and its path without what logrotate(8) adds (`.1`, `-20261122`, `.gz`). */
function logOf({ node, path }: SourceCompleteness): string {
  return `${node}\n${path.replace(/(?:\.\d{1,4}|-\d{8}(?:-\d+)?)?(?:\.(?:gz|bz2|xz|zst))?$/, '')}`;
}

function describe(
  heard: readonly SourceCompleteness[],
  removed: string | undefined,
): { complete: boolean; sentence: string } {
  const parts = removed === undefined ? [] : [removed];
  if (heard.length === 0) parts.push('No log lines are stored for this interval.');
  const withGap = heard.filter((source) => source.gapBytes > 0);
  if (withGap.length > 0) {
    const bytes = withGap.reduce((sum, source) => sum + source.gapBytes, 0);
    parts.push(`${bytes} bytes of log are missing from ${named(withGap)}.`);
  }
  const suppressed = heard.filter((source) => source.suppressedMessages > 0);
  if (suppressed.length > 0) {
    const messages = suppressed.reduce((sum, source) => sum + source.suppressedMessages, 0);
    parts.push(`The log daemon itself dropped ${messages} messages on ${named(suppressed)}.`);
  }
  return parts.length === 0
    ? { complete: true, sentence: 'Complete.' }
    : { complete: false, sentence: parts.join(' ') };
}

function named(sources: readonly SourceCompleteness[]): string {
  const nodes = [...new Set(sources.map((source) => source.node))];
  return nodes.length <= 3 ? nodes.join(', ') : `${nodes.slice(0, 3).join(', ')} and ${nodes.length - 3} more nodes`;
}

// Stored lines → report: the blocks of the interval are read and parsed again, so a report needs no table of its own and
// follows the parser that runs now.
import type { DatabaseSync } from 'node:sqlite';
import { createLineParser } from '../../../logs/parse.ts';
import { createReport } from '../../../logs/report.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { Report } from '../../../protocol/report.ts';
import type { ReportRequest } from '../event-store.ts';
import { readBlockLines } from './line-blocks.ts';
import { readSyslogNames } from './syslog-names.ts';

export const reportReadLimits = {
  /** Lines that one report reads; more would take minutes. */
  linesMax: 100_000_000,
  /** How far before the interval lines are read for the messages that go on in it; never further than it is long. */
  primeMsMax: 3_600_000,
} as const;

type Block = { readonly no: number; readonly node: string };

export function createReportReader(
  db: DatabaseSync,
  limits: { readonly linesMax: number } = reportReadLimits,
): (request: ReportRequest) => Report {
  const readSources = db.prepare('SELECT no, node, last_time FROM source');
  const readEnding = db.prepare(
    'SELECT no, source, lines FROM block INDEXED BY block_by_time WHERE last_time BETWEEN ? AND ?',
  );
  const readLater = db.prepare(
    'SELECT no, source, lines FROM block INDEXED BY block_by_time WHERE last_time > ? ORDER BY last_time',
  );
  const readBlock = db.prepare('SELECT data, read_ms, time_zone FROM block WHERE no = ?');

  /** Blocks with lines of the interval, in the order in which they were begun. @throws AppError `too-large`. */
  function blocksOf(from: number, until: number): Block[] {
    const nodes = new Map<number, string>();
    const straddling = new Set<number>();
    for (const row of readSources.iterate()) {
      nodes.set(Number(row.no), String(row.node));
      if (Number(row.last_time) > until) straddling.add(Number(row.no));
    }
    const blocks: Block[] = [];
    let lines = 0;
    const take = (row: Record<string, unknown>): void => {
      lines += Number(row.lines);
      if (lines > limits.linesMax)
        throw new AppError(
          'too-large',
          `The interval holds more than the ${limits.linesMax} lines that a report reads.`,
          {
            hint: 'Ask for a shorter one, or read the log files with `mailward report --file`.',
          },
        );
      blocks.push({ no: Number(row.no), node: nodes.get(Number(row.source)) ?? '' });
    };
    for (const row of readEnding.iterate(from, until)) take(row);
    // Of each source the block that begins in the interval and ends after it.
    if (straddling.size > 0)
      for (const row of readLater.iterate(until)) {
        if (straddling.delete(Number(row.source))) take(row);
        if (straddling.size === 0) break;
      }
    return blocks.sort((a, b) => a.no - b.no);
  }

  return ({ since, until, domain, timeZone, rows }) => {
    const fold = createReport({ since, until, domain, timeZone, rowsMax: rows });
    const primeMs = Math.min(reportReadLimits.primeMsMax, until - since);
    for (const { no, node } of blocksOf(since - primeMs, until)) {
      // Each block is a read of its own: one that took as long as the report would keep the log of changes from shrinking.
      const block = readBlock.get(no);
      if (block === undefined) continue;
      const syslogNames = readSyslogNames(db, node);
      const parser = createLineParser({ now: Number(block.read_ms), timeZone: String(block.time_zone), syslogNames });
      for (const line of readBlockLines(block.data as Uint8Array)) fold.add(parser.parse(line), node);
    }
    return fold.result();
  };
}

// A report over generated mail of the last hours, for the pictures and for the pages that show one.
import { z } from 'zod';
import { createLineParser } from '../../../services/logs/parse.ts';
import { createReport } from '../../../services/logs/report.ts';
import { reportSchema } from '../../../services/protocol/report.ts';
import type { ReportWire } from '../../../services/protocol/wire.ts';
import { generateDefaults, generateLog } from '../../bench/generate-log.ts';

const lines = 20_000;

/** `now` is the end of the interval that was asked for. */
export function generatedReport(asked: {
  readonly since: number;
  readonly now: number;
  readonly domain?: string;
}): ReportWire {
  const { since, now, domain } = asked;
  // The same mail every time, moved so that it ends now.
  const { firstAt, lastAt } = generateLog({ ...generateDefaults, lines }, () => {});
  const startAt = now - (lastAt - firstAt) - 60_000;
  const parser = createLineParser({ now, timeZone: 'UTC' });
  const fold = createReport({ since, until: now, domain, timeZone: 'Europe/Berlin', rowsMax: 8 });
  generateLog({ ...generateDefaults, lines, startAt }, (chunk) => {
    for (const line of chunk.split('\n')) if (line !== '') fold.add(parser.parse(line));
  });
  return z.encode(reportSchema, fold.result());
}

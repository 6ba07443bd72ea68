// The reading side: buckets of the resolution that fits, folded into the steps of the question.
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../../protocol/errors.ts';
import {
  type Matcher,
  type Resolution,
  resolutionSchema,
  type SeriesAnswer,
  type SeriesKind,
  type SeriesNames,
  seriesLimits,
} from '../../../protocol/series.ts';
import { createRemovalReader } from '../../store/sqlite/removals.ts';
import { type SeriesRange, sampleClasses } from '../series-store.ts';
import { bucketColumns, bucketOf, columnOf, type Samples } from './bucket.ts';
import { type Columns, decodeColumns, indexOfSeries } from './columns.ts';
import { rollupMs } from './series-schema.ts';
import { createSteps, type Steps } from './steps.ts';

/** Rows of one answer, each a node's bucket: about a second of reading. */
export const rowsMax = 20_000;

const resolutions = resolutionSchema.options;
const widthOf = (resolution: Resolution): number => (resolution === 'raw' ? 1 : rollupMs[resolution]);

type Found = { readonly no: number; readonly node: number; readonly nodeName: string; readonly kind: SeriesKind } & {
  readonly labels: Readonly<Record<string, string>>;
};

export function createSeriesReader(db: DatabaseSync) {
  const findSeries = db.prepare(
    `SELECT s.no AS no, s.node AS node, n.name AS node_name, s.kind AS kind, s.labels AS labels
     FROM series s JOIN node n ON n.no = s.node WHERE s.name = ? ORDER BY n.name, s.labels`,
  );
  const names = db.prepare(
    'SELECT name, min(kind) AS kind, count(*) AS series, count(DISTINCT node) AS nodes FROM series GROUP BY name ORDER BY name',
  );
  const statementsOf = (table: string) => ({
    count: db.prepare(`SELECT count(*) AS count FROM ${table} WHERE node = ? AND time >= ? AND time <= ?`),
    read: db.prepare(`SELECT time, data FROM ${table} WHERE node = ? AND time >= ? AND time <= ? ORDER BY time`),
  });
  const removals = createRemovalReader(db);
  const tables = {
    raw: statementsOf('scrape'),
    minute: statementsOf('minute'),
    fiveMinutes: statementsOf('fiveMinutes'),
    hour: statementsOf('hour'),
  } as const satisfies Record<Resolution, unknown>;

  /** The coarsest resolution that the step tells apart; a coarser one where that was removed already. */
  function chooseResolution(since: number, stepMs: number): { resolution: Resolution; removedUntil: number } {
    const fitting = resolutions.findLastIndex((resolution) => widthOf(resolution) <= stepMs);
    const candidates = resolutions.slice(fitting).map((resolution) => ({
      resolution,
      removedUntil: removals.until(sampleClasses[resolution]),
    }));
    const farthest = Math.min(...candidates.map(({ removedUntil }) => removedUntil));
    return (
      candidates.find(({ removedUntil }) => removedUntil < since) ??
      candidates.find(({ removedUntil }) => removedUntil === farthest) ?? { resolution: 'raw', removedUntil: 0 }
    );
  }

  function* readBuckets(
    resolution: Resolution,
    node: number,
    since: number,
    until: number,
    isCounter: (no: number) => boolean,
  ): Generator<{ readonly time: number; readonly bucket: Columns }> {
    const { read } = tables[resolution];
    let before: Samples | undefined;
    for (const row of read.iterate(node, since, until)) {
      const time = Number(row.time);
      const data = row.data as Uint8Array;
      if (resolution !== 'raw') {
        yield { time, bucket: decodeColumns(data, bucketColumns.length) };
        continue;
      }
      const { series, columns } = decodeColumns(data, 1);
      const samples = { time, series, values: columns[0] ?? new Float64Array(0) };
      yield { time, bucket: bucketOf(samples, before, isCounter) };
      before = samples;
    }
  }

  function readRange(range: SeriesRange): SeriesAnswer {
    const { name, matchers, until } = range;
    if (range.since > until) throw new AppError('bad-request', 'The range ends before it begins.');
    if (!(range.stepMs >= seriesLimits.stepMsMin))
      throw new AppError('bad-request', `A step is at least ${seriesLimits.stepMsMin} ms.`);
    const { resolution, removedUntil } = chooseResolution(range.since, range.stepMs);
    const widthMs = widthOf(resolution);
    const stepMs = Math.ceil(range.stepMs / widthMs) * widthMs;
    const since = Math.floor(range.since / stepMs) * stepMs;
    const steps = Math.floor((until - since) / stepMs) + 1;
    if (steps > seriesLimits.stepsMax)
      throw new AppError('bad-request', `An answer has at most ${seriesLimits.stepsMax} steps, these are ${steps}.`, {
        hint: 'Give a longer step or a shorter range.',
      });
    const found = findSeries.all(name).map(
      (row): Found => ({
        no: Number(row.no),
        node: Number(row.node),
        nodeName: String(row.node_name),
        kind: row.kind === 'counter' ? 'counter' : 'gauge',
        labels: JSON.parse(String(row.labels)) as Record<string, string>,
      }),
    );
    const matching = found.filter((series) => matchers.every((matcher) => matches(series, matcher)));
    if (range.function === 'rate' && matching.some(({ kind }) => kind === 'gauge'))
      throw new AppError('bad-request', `${name} is a gauge: it has no rate.`, {
        hint: 'Ask for avg, min, max or last.',
      });

    // Series that were silent in the whole range have no place in the answer.
    const heard: { readonly series: Found; readonly steps: Steps }[] = [];
    const omitted = new Set<number>();
    let rows = 0;
    const seriesMax = Math.min(seriesLimits.seriesMax, Math.floor(seriesLimits.valuesMax / steps));
    for (const [node, wanted] of Map.groupBy(matching, (series) => series.node)) {
      rows += Number(tables[resolution].count.get(node, since, until)?.count ?? 0);
      if (rows > rowsMax)
        throw new AppError('too-large', `This is drawn from more than ${rowsMax} rows.`, {
          hint: 'Ask for one node, a longer step or a shorter range.',
        });
      const counters = new Set(wanted.filter(({ kind }) => kind === 'counter').map(({ no }) => no));
      const stepsBySeries = new Map<number, Steps>();
      for (const { time, bucket } of readBuckets(resolution, node, since, until, (no) => counters.has(no))) {
        for (const series of wanted) {
          const index = indexOfSeries(bucket.series, series.no);
          if (index < 0) continue;
          let own = stepsBySeries.get(series.no);
          if (own === undefined) {
            if (heard.length >= seriesMax) {
              omitted.add(series.no);
              continue;
            }
            own = createSteps(steps);
            stepsBySeries.set(series.no, own);
            heard.push({ series, steps: own });
          }
          own.add(Math.floor((time - since) / stepMs), (column) => columnOf(bucket, column)[index] ?? 0);
        }
      }
    }
    const series = heard.map(({ series: { nodeName, kind, labels }, steps: own }) => ({
      node: nodeName,
      kind,
      labels: { ...labels },
      values: own.values(range.function),
    }));
    return {
      ...{ name, function: range.function, since, until, stepMs, resolution, series, omittedSeries: omitted.size },
      completeness: describe(series, steps, removedUntil >= since && removedUntil > 0 ? removedUntil : undefined),
    };
  }

  return {
    readRange,
    listNames: (): SeriesNames => {
      const all = names.all();
      return {
        names: all.slice(0, seriesLimits.namesMax).map((row) => ({
          name: String(row.name),
          kind: row.kind === 'counter' ? 'counter' : 'gauge',
          series: Number(row.series),
          nodes: Number(row.nodes),
        })),
        omittedNames: Math.max(0, all.length - seriesLimits.namesMax),
      };
    },
  };
}

function matches(series: Found, { label, isEqual, value }: Matcher): boolean {
  const own = label === 'node' ? series.nodeName : (series.labels[label] ?? '');
  return (own === value) === isEqual;
}

function describe(
  series: SeriesAnswer['series'],
  steps: number,
  removedUntil: number | undefined,
): SeriesAnswer['completeness'] {
  const missingValues = series.reduce((sum, { values }) => sum + values.filter((value) => value === null).length, 0);
  const parts: string[] = [];
  if (removedUntil !== undefined)
    parts.push(`Samples before ${new Date(removedUntil).toISOString()} were removed by retention.`);
  if (series.length === 0) parts.push('No sample is kept for this range.');
  if (missingValues > 0) {
    const nodes = [...new Set(series.filter(({ values }) => values.includes(null)).map(({ node }) => node))];
    const named =
      nodes.length <= 3 ? nodes.join(', ') : `${nodes.slice(0, 3).join(', ')} and ${nodes.length - 3} more nodes`;
    parts.push(`${missingValues} of ${steps * series.length} values are missing, on ${named}.`);
  }
  return {
    complete: parts.length === 0,
    missingValues,
    ...(removedUntil === undefined ? {} : { removedUntil }),
    sentence: parts.length === 0 ? 'Complete.' : parts.join(' '),
  };
}

// What is kept of a series over a stretch of time. For a counter the rise is added up sample by sample, with the time that it
// was seen over: so a rate is right across resets and across holes, whatever is added up later.
import { riseMsMax } from '../series-store.ts';
import { type Columns, indexOfSeries } from './columns.ts';

/** The columns of a bucket. `rise` and `seenMs`: how much a counter rose, and over how much time that is known. */
export const bucketColumns = ['count', 'min', 'max', 'sum', 'last', 'rise', 'seenMs'] as const;
type BucketColumn = (typeof bucketColumns)[number];
const at = Object.fromEntries(bucketColumns.map((name, index) => [name, index])) as Record<BucketColumn, number>;

export const columnOf = (bucket: Columns, name: BucketColumn): Float64Array =>
  bucket.columns[at[name]] ?? new Float64Array(bucket.series.length);

/** Samples of one time: the only column is the value. */
export type Samples = { readonly time: number; readonly series: Uint32Array; readonly values: Float64Array };

/**
 * One scrape as a bucket. A counter that fell was reset, and rose from zero; where there is no sample shortly before, nothing
 * is known of its rise.
 */
export function bucketOf(samples: Samples, before: Samples | undefined, isCounter: (no: number) => boolean): Columns {
  const { time, series, values } = samples;
  const rise = new Float64Array(series.length);
  const seenMs = new Float64Array(series.length);
  const apartMs = before === undefined ? 0 : time - before.time;
  if (before !== undefined && apartMs > 0 && apartMs <= riseMsMax) {
    for (let index = 0; index < series.length; index += 1) {
      const no = series[index] ?? 0;
      if (!isCounter(no)) continue;
      const earlier = indexOfSeries(before.series, no);
      if (earlier < 0) continue;
      const [from, to] = [before.values[earlier] ?? 0, values[index] ?? 0];
      rise[index] = to >= from ? to - from : to;
      seenMs[index] = apartMs;
    }
  }
  return { series, columns: [new Float64Array(series.length).fill(1), values, values, values, values, rise, seenMs] };
}

/** Both as one; `isNewer`: `more` is the later one, so its last value is the last of both. */
export function addBuckets(bucket: Columns, more: Columns, isNewer: boolean): Columns {
  const series = unionOf(bucket.series, more.series);
  const columns = bucketColumns.map(() => new Float64Array(series.length));
  for (let index = 0; index < series.length; index += 1) {
    const no = series[index] ?? 0;
    const mine = indexOfSeries(bucket.series, no);
    const other = indexOfSeries(more.series, no);
    for (const [column, values] of columns.entries()) {
      const a = bucket.columns[column]?.[mine];
      const b = more.columns[column]?.[other];
      values[index] = a === undefined ? (b ?? 0) : b === undefined ? a : combine(column, a, b, isNewer);
    }
  }
  return { series, columns };
}

function combine(column: number, a: number, b: number, isNewer: boolean): number {
  switch (column) {
    case at.min:
      return Math.min(a, b);
    case at.max:
      return Math.max(a, b);
    case at.last:
      return isNewer ? b : a;
    default:
      return a + b;
  }
}

function unionOf(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length === b.length && a.every((no, index) => no === b[index])) return a;
  return Uint32Array.from(new Set([...a, ...b])).sort();
}

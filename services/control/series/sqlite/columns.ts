// How many numbers of many series are one small blob: a row for each scrape or bucket of a node, not for each sample. A row a
// sample would cost ten times the disk, and a page written for each series.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../../../protocol/errors.ts';

/** Numbers of series, ascending, and under each name of a column one value a series. */
export type Columns = { readonly series: Uint32Array; readonly columns: readonly Float64Array[] };

const compression = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** A blob that says to be larger was not written by this code. */
const rawBytesMax = 64 * 1024 * 1024;

/** Differences of the numbers, then each column with its bytes sorted by significance: like stands beside like for zstd. */
export function encodeColumns({ series, columns }: Columns): Uint8Array {
  const count = series.length;
  const raw = new Uint8Array(4 * count + 8 * count * columns.length);
  const gaps = new DataView(raw.buffer);
  let last = 0;
  for (let at = 0; at < count; at += 1) {
    const no = series[at] ?? 0;
    gaps.setUint32(4 * at, no - last, true);
    last = no;
  }
  let start = 4 * count;
  for (const column of columns) {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    for (let byte = 0; byte < 8; byte += 1)
      for (let at = 0; at < count; at += 1) raw[start + byte * count + at] = bytes[8 * at + byte] ?? 0;
    start += 8 * count;
  }
  return zstdCompressSync(raw, compression);
}

/** @throws AppError `store-failed` for a blob that is not `columnCount` columns wide. */
export function decodeColumns(data: Uint8Array, columnCount: number): Columns {
  const raw = zstdDecompressSync(data, { maxOutputLength: rawBytesMax });
  const count = raw.length / (4 + 8 * columnCount);
  if (!Number.isInteger(count)) throw new AppError('store-failed', 'A row of samples is not what was written.');
  const series = new Uint32Array(count);
  let last = 0;
  for (let at = 0; at < count; at += 1) {
    last += raw.readUInt32LE(4 * at);
    series[at] = last;
  }
  let start = 4 * count;
  const columns: Float64Array[] = [];
  for (let no = 0; no < columnCount; no += 1) {
    const column = new Float64Array(count);
    const bytes = new Uint8Array(column.buffer);
    for (let byte = 0; byte < 8; byte += 1)
      for (let at = 0; at < count; at += 1) bytes[8 * at + byte] = raw[start + byte * count + at] ?? 0;
    columns.push(column);
    start += 8 * count;
  }
  return { series, columns };
}

/** Where a series stands in ascending numbers; -1 where it is not. */
export function indexOfSeries(series: Uint32Array, no: number): number {
  let [low, high] = [0, series.length - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = series[middle] ?? 0;
    if (found === no) return middle;
    if (found < no) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

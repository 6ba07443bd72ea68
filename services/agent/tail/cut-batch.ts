import { batchLimits } from '../../protocol/ingest.ts';

const newline = 0x0a;

/** Whole lines taken from the bytes of a source. */
export type Cut = {
  /** The lines as they are shipped, each ended by a newline; parts to be joined. */
  readonly body: readonly Uint8Array[];
  readonly lines: number;
  readonly rawBytes: number;
  /** Bytes of the source that this covers; the next batch begins behind them. */
  readonly consumedBytes: number;
  /** Of these, bytes that are not shipped because their line is too long. They are always the last ones. */
  readonly cutBytes: number;
};

/**
 * Takes whole lines from `bytes`, which begin at a line's start, or inside a line of which the first part was shipped
 * already (`isInsideLine`): then its rest is cut, and nothing else taken. A batch also ends after a line that is too long,
 * so that up to there a line's place in the body is its place in the source. `undefined`: there is no whole line yet.
 */
export function cutBatch(bytes: Uint8Array, isInsideLine: boolean): Cut | undefined {
  const { lineBytesMax } = batchLimits;
  if (isInsideLine) {
    if (bytes.length === 0) return undefined;
    const end = bytes.indexOf(newline);
    const consumedBytes = end < 0 ? bytes.length : end + 1;
    return { body: [], lines: 0, rawBytes: 0, consumedBytes, cutBytes: consumedBytes };
  }
  let at = 0;
  let lines = 0;
  for (;;) {
    const end = bytes.indexOf(newline, at);
    const lineBytes = (end < 0 ? bytes.length : end + 1) - at;
    if (lineBytes > lineBytesMax) {
      const kept = bytes.subarray(0, at + lineBytesMax - 1);
      const consumedBytes = at + lineBytes;
      const rawBytes = kept.length + 1;
      return {
        body: [kept, Uint8Array.of(newline)],
        lines: lines + 1,
        rawBytes,
        consumedBytes,
        cutBytes: consumedBytes - rawBytes,
      };
    }
    if (end < 0) break;
    at = end + 1;
    lines++;
  }
  if (lines === 0) return undefined;
  return { body: [bytes.subarray(0, at)], lines, rawBytes: at, consumedBytes: at, cutBytes: 0 };
}

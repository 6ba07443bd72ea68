// A surveyed file as batches of lines whose times are known.
import { createLineClock } from '../../logs/line-clock.ts';
import { batchLimits } from '../../protocol/ingest.ts';
import { openSourceFile, type PackedNews, readBytesMax } from '../tail/source-file.ts';
import { changed, type Survey } from './survey.ts';

/** Lines of one batch are no further apart: RFC 3164 leaves out the year, and a batch is read by one time. */
const spanMsMax = 180 * 86_400_000;
/** A plain file that nobody has written to for this long gets no end of its last line any more. */
const settledMs = 3_600_000;

const newline = 0x0a;

export type DatedBatch = {
  readonly body: Uint8Array;
  readonly lines: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly cutBytes: number;
  /** Of its latest line. */
  readonly latestTime: number;
};

export type DatedLines = {
  readonly survey: Survey;
  /** Time of the next line; `undefined` at the end. */
  readonly nextTime: () => Promise<number | undefined>;
  /** Lines up to the first one after `untilTime`, at least one; good until the next call of either. */
  readonly take: (untilTime: number) => DatedBatch;
  /** Goes on from `offset`. */
  readonly moveTo: (offset: number) => void;
  readonly offset: () => number;
  readonly close: () => Promise<void>;
};

/** Opens the file to be read from `startOffset` on. */
export async function openDatedLines(
  survey: Survey,
  options: { readonly node: string; readonly timeZone: string; readonly startOffset: number; readonly now: number },
  news: PackedNews,
): Promise<DatedLines> {
  const { sourceId, isPacked, modifiedAt } = survey;
  const file = await openSourceFile(options.node, survey.path, news);
  const isSettled = isPacked || options.now - modifiedAt >= settledMs;
  const buffer = Buffer.allocUnsafe(readBytesMax);
  let clock = clockAt(options.startOffset);
  /** What was read and not yet taken begins at `at`; the window's first byte stands at `windowOffset` in the source. */
  let window: Buffer = Buffer.alloc(0);
  let text = '';
  let at = 0;
  let windowOffset = options.startOffset;
  /** Bytes of the source behind the window that belong to its last line and are not shipped; negative for a newline that we add. */
  let cutBytes = 0;
  let time: number | undefined;
  let isEnded = false;

  function clockAt(offset: number) {
    const mark = survey.marks.findLast((passed) => passed.offset <= offset);
    return createLineClock({ time: mark?.time ?? survey.firstTime, timeZone: options.timeZone });
  }

  const nextOffset = (): number => windowOffset + at + (at < window.length ? 0 : cutBytes);

  function hold(bytes: Buffer, offset: number, cut: number): void {
    [window, windowOffset, cutBytes, at] = [bytes, offset, cut, 0];
    text = bytes.toString('latin1');
  }

  async function fill(): Promise<void> {
    const offset = nextOffset();
    const read = await file.read(sourceId, offset, buffer);
    if (read.result === 'changed') throw changed();
    if (read.result === 'batch') {
      hold(Buffer.concat(read.cut.body), offset, read.cut.cutBytes);
      return;
    }
    isEnded = true;
    // The last line was never ended: the file is all there will be of it.
    const rest = buffer.subarray(Math.min(1, offset), read.sizeBytes - Math.max(0, offset - 1));
    if (isSettled && rest.length > 0 && rest.length < batchLimits.lineBytesMax)
      hold(Buffer.concat([rest, Uint8Array.of(newline)]), offset, -1);
  }

  function readTime(): number {
    const end = text.indexOf('\n', at);
    return clock.read(text.slice(at, end < 0 ? text.length : end));
  }

  return {
    survey,
    nextTime: async () => {
      if (time !== undefined) return time;
      if (at >= window.length && !isEnded) await fill();
      // The rest of a line that was cut is a batch without lines.
      if (at < window.length) time = readTime();
      else if (!isEnded) time = survey.firstTime;
      return time;
    },
    take: (untilTime) => {
      const from = at;
      const firstOffset = windowOffset + at;
      let earliest = time ?? survey.firstTime;
      let latestTime = earliest;
      let lines = 0;
      time = undefined;
      while (at < window.length) {
        at = text.indexOf('\n', at) + 1;
        lines += 1;
        if (at >= window.length) break;
        time = readTime();
        if (time > untilTime || Math.max(latestTime, time) - Math.min(earliest, time) > spanMsMax) break;
        latestTime = Math.max(latestTime, time);
        earliest = Math.min(earliest, time);
      }
      const isWhole = at >= window.length;
      const cut = isWhole ? cutBytes : 0;
      const body = window.subarray(from, at);
      const lastOffset = firstOffset + body.length + cut;
      if (isWhole) {
        hold(Buffer.alloc(0), lastOffset, 0);
        time = undefined;
      }
      return { body, lines, firstOffset, lastOffset, cutBytes: Math.max(0, cut), latestTime };
    },
    moveTo: (offset) => {
      hold(Buffer.alloc(0), offset, 0);
      [time, isEnded, clock] = [undefined, false, clockAt(offset)];
    },
    offset: nextOffset,
    close: () => file.close(),
  };
}

// Brings files of the past to control, the oldest line first, over the same channel as an agent's.
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { BatchEnvelope, StoredOffsets } from '../../protocol/ingest.ts';
import { protocolVersion } from '../../protocol/version.ts';
import { type BulkClient, isOutOfSequence } from '../ship/bulk-client.ts';
import type { PackedNews } from '../tail/source-file.ts';
import { type DatedBatch, type DatedLines, openDatedLines } from './dated-lines.ts';
import type { Survey } from './survey.ts';

export const importLimits = {
  /** Files whose times overlap are read side by side; of more, the later ones wait. Each holds one read and a decompressor. */
  openMax: 16,
  /** Lines of one file are sent ahead of another's by at most this much of log time. */
  aheadMs: 3_600_000,
} as const;

const never = Number.POSITIVE_INFINITY;
const compress = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);
const newline = 0x0a;

export type ImportTotals = {
  /** Lines that control did not have. */
  linesStored: number;
  linesKnown: number;
  /** Bytes of files, unpacked, that control has now, and how many there are. */
  bytesDone: number;
  readonly bytesAll: number;
  filesDone: number;
  readonly filesAll: number;
};

/** Up to where control has all of a source. */
const wholeOf = (stored: StoredOffsets['sources'][number] | undefined): number =>
  stored?.wholeTo ?? stored?.lastOffset ?? 0;

/** A file that is open: how far it is read, and its time, from which the order follows. */
type Reading = { readonly lines: DatedLines; nextTime: number };
/** Control has more of a file than was thought: where to go on in it. */
type Detour = { readonly lines: DatedLines; readonly offset: number };

/**
 * Sends what control does not have yet of the surveyed files. Control's word on what it has is all that is kept: killed at any
 * moment and started again, it goes on where it was. Rejects when `signal` ends it or a file cannot be read any more.
 */
export async function importFiles(
  surveys: readonly Survey[],
  options: { readonly node: string; readonly timeZone: string; readonly now: number },
  deps: {
    readonly client: BulkClient;
    readonly news: PackedNews;
    readonly signal: AbortSignal;
    readonly onProgress: (totals: ImportTotals) => void;
  },
): Promise<ImportTotals> {
  const { node, timeZone } = options;
  const { client, news, signal } = deps;
  const sources = new Map((await client.fetchOffsets(node)).sources.map((source) => [source.sourceId, source]));
  const wholeTo = (sourceId: string): number => wholeOf(sources.get(sourceId));
  const totals: ImportTotals = {
    ...{ linesStored: 0, linesKnown: 0, bytesDone: 0, filesDone: 0, filesAll: surveys.length },
    bytesAll: surveys.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  const waiting: Survey[] = [];
  for (const survey of surveys) {
    const done = Math.min(survey.sizeBytes, wholeTo(survey.sourceId));
    totals.bytesDone += done;
    if (done < survey.sizeBytes) waiting.push(survey);
    else totals.filesDone += 1;
  }
  deps.onProgress(totals);
  const open: Reading[] = [];
  let sending: Promise<Detour | undefined> = Promise.resolve(undefined);
  let sequence = 0;

  /** What is on its way has arrived; the file that must be read on from elsewhere, if any. */
  async function arrive(): Promise<DatedLines | undefined> {
    const detour = await sending;
    sending = Promise.resolve(undefined);
    detour?.lines.moveTo(detour.offset);
    return detour?.lines;
  }

  /** Looks for the next line of an open file; one that has none is done. */
  async function look(reading: Reading): Promise<void> {
    const { lines } = reading;
    let nextTime = await lines.nextTime();
    if (nextTime === undefined && (await arrive()) === lines) nextTime = await lines.nextTime();
    if (nextTime !== undefined) {
      reading.nextTime = nextTime;
      return;
    }
    await lines.close();
    open.splice(open.indexOf(reading), 1);
    totals.filesDone += 1;
  }

  /** The file whose next line is the oldest, and when the next of another file comes. */
  async function choose(): Promise<{ readonly lines: DatedLines; readonly othersAt: number } | undefined> {
    for (const reading of [...open]) await look(reading);
    for (let next = waiting[0]; next !== undefined && open.length < importLimits.openMax; next = waiting[0]) {
      const { firstTime, sourceId } = next;
      if (open.some(({ nextTime }) => nextTime < firstTime)) break;
      waiting.shift();
      const startOffset = wholeTo(sourceId);
      const lines = await openDatedLines(next, { node, timeZone, startOffset, now: options.now }, news);
      const reading = { lines, nextTime: firstTime };
      open.push(reading);
      await look(reading);
    }
    open.sort((a, b) => a.nextTime - b.nextTime);
    const [first, second] = open;
    if (first === undefined) return undefined;
    const [next] = open.length < importLimits.openMax ? waiting : [];
    return { lines: first.lines, othersAt: Math.min(second?.nextTime ?? never, next?.firstTime ?? never) };
  }

  async function ship(survey: Survey, batch: Omit<DatedBatch, 'body'>, rawBytes: number, body: Buffer<ArrayBuffer>) {
    const { sourceId, path } = survey;
    const { firstOffset, lastOffset, cutBytes, latestTime } = batch;
    const envelope: BatchEnvelope = {
      ...{ protocolVersion, node, sourceId, path, sequence: sequence++, timeZone, readMs: latestTime, isPast: true },
      ...{ firstOffset, lastOffset, lines: batch.lines, rawBytes, cutBytes },
    };
    const ack = await client.ship(envelope, body);
    totals.bytesDone += lastOffset - firstOffset;
    if (ack.result === 'stored') totals.linesStored += batch.lines;
    else totals.linesKnown += batch.lines;
    deps.onProgress(totals);
  }

  async function send(lines: DatedLines, batch: DatedBatch, body: Buffer<ArrayBuffer>): Promise<Detour | undefined> {
    const { survey } = lines;
    const { firstOffset, lastOffset } = batch;
    // The bytes of the batch are good for now only; its body is for as long as it is sent.
    const rawBytes = batch.body.length;
    const findStored = async () =>
      (await client.fetchOffsets(node)).sources.find(({ sourceId }) => sourceId === survey.sourceId);
    try {
      await ship(survey, batch, rawBytes, body);
      return undefined;
    } catch (error) {
      if (!isOutOfSequence(error)) throw error;
      // An agent ships the same file at the same time: what it has sent meanwhile needs no second sending.
      let stored = await findStored();
      const holeTo = stored?.holeTo ?? 0;
      if (wholeOf(stored) <= firstOffset && firstOffset < holeTo && holeTo < lastOffset) {
        const raw = await unpack(body);
        const front = raw.subarray(0, raw.subarray(0, holeTo - firstOffset).lastIndexOf(newline) + 1);
        const cutBytes = holeTo - firstOffset - front.length;
        const linesOfFront = front.reduce((count, byte) => count + (byte === newline ? 1 : 0), 0);
        const range = { ...batch, lastOffset: holeTo, lines: linesOfFront, cutBytes };
        await ship(survey, range, front.length, await compress(front));
        stored = await findStored();
      }
      const whole = wholeOf(stored);
      return { lines, offset: whole > firstOffset ? whole : Math.max(firstOffset, stored?.lastOffset ?? 0) };
    }
  }

  try {
    for (;;) {
      signal.throwIfAborted();
      const chosen = await choose();
      if (chosen === undefined) break;
      const { lines } = chosen;
      const batch = lines.take(chosen.othersAt + importLimits.aheadMs);
      const body = await compress(batch.body);
      // The next is read and compressed while this one is on its way, and no more than one is.
      if ((await arrive()) === lines) continue;
      sending = send(lines, batch, body);
      // What fails is told where it is waited for.
      sending.catch(() => {});
    }
    return totals;
  } finally {
    for (const { lines } of open) await lines.close();
  }
}

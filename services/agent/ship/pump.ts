import { constants, zstdCompressSync } from 'node:zlib';
import type { BatchEnvelope, SyslogName } from '../../protocol/ingest.ts';
import { protocolVersion } from '../../protocol/version.ts';
import { giveBack } from '../../runtime/give-back.ts';
import type { AgentEvents } from '../events.ts';
import type { Cut } from '../tail/cut-batch.ts';
import { readBytesMax } from '../tail/source-file.ts';
import type { Source } from '../tail/sources.ts';
import { type BulkClient, isOutOfSequence } from './bulk-client.ts';
import type { Shippable } from './shippable.ts';

/** Batches on their way at once, each of another group of files; with `readBytesMax` it bounds the agent's memory. */
export const parallelMax = 4;

/** What a full batch of a mail log comes to, compressed, and a little more: then it is one piece. */
const bodyBytesUsual = 256 * 1024;

/** The same bytes as a `Buffer`. */
const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Sees each batch before it is sent, for the metrics of the node. It never rejects. */
export type CountLines = (batch: BatchEnvelope, lines: Buffer) => Promise<void>;

/** Milliseconds for a batch, on the event loop: a thread of the pool would keep memory of its own for it, each of four. */
const compress = (lines: Uint8Array) =>
  zstdCompressSync(lines, { chunkSize: bodyBytesUsual, params: { [constants.ZSTD_c_compressionLevel]: 1 } });

/**
 * Carries batches from sources to control: one at a time a source, the offset moved on only by an acknowledgement. While
 * control does not answer, a batch waits in memory and everything behind it in its file.
 */
export function createPump(
  options: { readonly node: string; readonly timeZone: string },
  deps: {
    readonly readSyslogNames: () => readonly SyslogName[];
    /** What is ready to ship and not busy, what should go first in front. */
    readonly listReady: () => readonly Shippable[];
    readonly client: BulkClient;
    readonly events: AgentEvents;
    readonly now: () => number;
    readonly signal: AbortSignal;
    readonly countLines: CountLines;
    /** An acknowledgement has moved a source on. */
    readonly onProgress: () => void;
    /** A file is no longer what it was, or read to its end for good. */
    readonly onChanged: () => void;
  },
) {
  const { listReady, client, events, now, signal, countLines, onProgress, onChanged } = deps;
  const working = new Set<Promise<void>>();

  // As many as batches at once, used again and again: what is read is compressed before the next read into the same.
  const freeBuffers: Buffer[] = [];

  async function pack(source: Shippable) {
    const buffer = freeBuffers.pop() ?? Buffer.allocUnsafe(readBytesMax);
    try {
      const read = await source.file?.read(source.sourceId, source.offset, buffer);
      if (read?.result !== 'batch') return read;
      const { cut } = read;
      const [part = Buffer.alloc(0), ...more] = cut.body;
      const lines = more.length === 0 ? viewOf(part) : Buffer.concat(cut.body);
      const body = compress(lines);
      await countLines(describe(source, cut), lines);
      return { ...read, body };
    } finally {
      freeBuffers.push(buffer);
    }
  }

  async function carry(source: Shippable): Promise<void> {
    const read = await pack(source);
    if (read === undefined || read.result === 'changed') {
      // It would be found the same at once, again and again: it waits until it is opened anew or grows.
      source.readToBytes = source.sizeBytes;
      onChanged();
      return;
    }
    if (read.result === 'nothing') {
      source.readToBytes = read.sizeBytes;
      if (read.isEnd) {
        source.sizeBytes = read.sizeBytes;
        onChanged();
      }
      return;
    }
    const { cut, body } = read;
    await source.beforeShip?.(source.offset + cut.consumedBytes);
    const ack = await client.ship(describe(source, cut), body).catch(async (error: unknown) => {
      if (!isOutOfSequence(error)) throw error;
      const stored = await client.fetchOffsets(options.node);
      source.offset = stored.sources.find(({ sourceId }) => sourceId === source.sourceId)?.lastOffset ?? 0;
      source.readToBytes = source.offset;
      events.sourceSetBack(source.path, source.offset);
      return undefined;
    });
    giveBack(body);
    if (ack === undefined) return;
    // A duplicate may be acknowledged further than it reached: more of it was stored before our last start.
    source.offset = Math.max(source.offset + cut.consumedBytes, ack.lastOffset);
    source.readToBytes = source.offset;
    source.sequence++;
    source.linesRead += cut.lines;
    events.batchAcknowledged(cut, ack.result);
    await source.afterAck?.(source.offset);
    onProgress();
  }

  /** With a batch of nothing: the source went on to there, and what is missing will not come. */
  async function sayLost(source: Source): Promise<void> {
    const toBytes = source.seenBytes;
    const nothing = { body: [], lines: 0, rawBytes: 0, consumedBytes: 0, cutBytes: 0 };
    const envelope = { ...describe(source, nothing), firstOffset: toBytes, lastOffset: toBytes };
    await client.ship(envelope, compress(Buffer.alloc(0)));
    source.sequence++;
    source.toldBytes = toBytes;
    events.linesLost(source.path, toBytes - source.offset);
  }

  function describe(source: Shippable, cut: Cut) {
    const { sourceId, path, sequence, offset } = source;
    return {
      ...{ protocolVersion, node: options.node, sourceId, path, sequence, timeZone: options.timeZone, readMs: now() },
      ...{ firstOffset: offset, lastOffset: offset + cut.consumedBytes },
      ...{ lines: cut.lines, rawBytes: cut.rawBytes, cutBytes: cut.cutBytes },
      syslogNames: [...deps.readSyslogNames()],
    };
  }

  function occupy<Worked extends Shippable>(source: Worked, task: (source: Worked) => Promise<void>): void {
    source.isBusy = true;
    const work = task(source)
      .catch((error: unknown) => {
        if (signal.aborted) return;
        events.fileFault(source.path, error);
        // Not to be tried again before a new look at the file.
        source.readToBytes = source.sizeBytes;
      })
      .finally(() => {
        source.isBusy = false;
        working.delete(work);
        run();
      });
    working.add(work);
  }

  function run(): void {
    for (const source of listReady()) {
      if (working.size >= parallelMax || signal.aborted) return;
      occupy(source, carry);
    }
  }

  return {
    run,
    /** Tells control that the rest of what was seen of `source` is lost. With as many at work as may be: next time. */
    tellLost: (source: Source): void => {
      if (working.size < parallelMax && !signal.aborted) occupy(source, sayLost);
    },
    stop: async () => void (await Promise.all(working)),
  };
}

import { createHash } from 'node:crypto';
import type { Shippable, StreamSource } from '../ship/shippable.ts';
import { readBytesMax, type SourceRead } from '../tail/source-file.ts';
import { concernsMail, type JournalConfig } from './journal-config.ts';
import type { JournalLine } from './journal-entry.ts';
import { type JournalPlace, loadPosition, placeToResume, savePosition } from './journal-position.ts';
import { holdsCursor, type JournalReader, type JournalStart, readJournal } from './journal-reader.ts';

/** Bytes of lines that are held before control has them; beyond, journalctl waits. */
export const windowBytesMax = readBytesMax;

/** After journalctl has ended it is started again this much later. */
const restartMs = 1000;

export type JournalEvents = {
  readonly journalFollowed: (sourceId: string, offset: number) => void;
  readonly journalFault: (error: unknown) => void;
  readonly journalEntrySkipped: (why: string) => void;
  /** Entries were removed from the journal before they were read. */
  readonly journalHole: () => void;
};

type Held = JournalLine & { readonly endOffset: number };

/**
 * The journal as a source. Its offsets are a running count of the bytes of its lines, kept with the cursor; it is named by
 * the cursor of the first entry that was ever read, so that one who has lost the position and begins again at the same
 * entry comes to the same places. A hole in the journal moves the count on by one byte: control then knows of a gap.
 */
export function followJournal(
  options: {
    readonly node: string;
    readonly dataDir: string;
    readonly config: JournalConfig;
    readonly storedBytesOf: (sourceId: string) => number;
  },
  deps: {
    readonly events: JournalEvents;
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly onNews: () => void;
  },
): StreamSource {
  const { node, dataDir, config, storedBytesOf } = options;
  const { events, after, onNews } = deps;
  let held: Held[] = [];
  let acked: JournalPlace | undefined;
  let source: Shippable | undefined;
  let endOffset = 0;
  let start: JournalStart | undefined;
  let reader: JournalReader | undefined;
  let makeRoom: (() => void) | undefined;
  let isStopped = false;
  let wake: (() => void) | undefined;

  function begin(sourceId: string, offset: number): Shippable {
    events.journalFollowed(sourceId, offset);
    const path = config.directory === undefined ? 'journal' : `journal:${config.directory}`;
    return {
      ...{ sourceId, path, offset, readToBytes: offset, sizeBytes: offset, sequence: 0, linesRead: 0, isBusy: false },
      file: { read },
      beforeShip: async (lastOffset) => {
        const sent = held.find((line) => line.endOffset === lastOffset);
        if (sent === undefined) return;
        const place = { offset: lastOffset, cursor: sent.cursor };
        await savePosition(dataDir, { version: 1, sourceId, sent: place, ...(acked === undefined ? {} : { acked }) });
      },
      afterAck: async (ackedOffset) => {
        const last = held.findLast((line) => line.endOffset <= ackedOffset);
        if (last !== undefined) acked = { offset: last.endOffset, cursor: last.cursor };
        held = held.filter((line) => line.endOffset > ackedOffset);
        makeRoom?.();
      },
    };
  }

  async function read(_sourceId: string, offset: number): Promise<SourceRead> {
    const body: Buffer[] = [];
    let bytes = 0;
    let next = offset;
    for (const line of held) {
      const startOffset = line.endOffset - line.bytes.length;
      if (startOffset < next) continue;
      // A hole ends the batch before it; the next one begins behind it.
      if (body.length > 0 && startOffset > next) break;
      if (body.length === 0 && startOffset > offset && source !== undefined) source.offset = startOffset;
      if (bytes + line.bytes.length > readBytesMax) break;
      body.push(line.bytes);
      bytes += line.bytes.length;
      next = line.endOffset;
    }
    if (body.length === 0) return { result: 'nothing', sizeBytes: endOffset, isEnd: false };
    const cut = { body, lines: body.length, rawBytes: bytes, consumedBytes: bytes, cutBytes: 0 };
    return { result: 'batch', cut };
  }

  async function take(line: JournalLine): Promise<void> {
    start = { cursor: line.cursor, isGone: false };
    if (!concernsMail(line.bytes.toString('utf8'), config)) return;
    if (source === undefined) {
      const sourceId = createHash('sha256').update(`${node}\0journal\0${line.cursor}`).digest('hex').slice(0, 32);
      source = begin(sourceId, storedBytesOf(sourceId));
    }
    const startOffset = endOffset;
    endOffset += line.bytes.length;
    // Begun anew where control stands further already.
    if (endOffset <= source.offset) return;
    // Control has the first part of this line: it is sent whole, and stored from there on.
    if (startOffset < source.offset) source.offset = startOffset;
    held.push({ ...line, endOffset });
    source.sizeBytes = endOffset;
    onNews();
    if (endOffset - source.offset < windowBytesMax) return;
    await new Promise<void>((resolve) => {
      makeRoom = () => {
        if (source === undefined || endOffset - source.offset < windowBytesMax || isStopped) resolve();
      };
    });
  }

  async function resume(): Promise<void> {
    const position = await loadPosition(dataDir, events.journalFault);
    const place = position && placeToResume(position, storedBytesOf(position.sourceId));
    if (position === undefined || place === undefined) return;
    acked = place;
    start = { cursor: place.cursor, isGone: false };
    endOffset = place.offset;
    source = begin(position.sourceId, place.offset);
    const isWhole = await holdsCursor(config, place.cursor).catch((error: unknown) => events.journalFault(error));
    if (isWhole !== false) return;
    events.journalHole();
    start = { cursor: place.cursor, isGone: true };
    endOffset += 1;
  }

  async function run(): Promise<void> {
    await resume();
    while (!isStopped) {
      reader = readJournal(config, start, events.journalEntrySkipped);
      try {
        for await (const line of reader.entries()) {
          await take(line);
          if (isStopped) break;
        }
      } catch (error) {
        events.journalFault(error);
      }
      reader.end();
      if (isStopped) return;
      await new Promise<void>((resolve) => {
        const cancel = after(restartMs, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  const running = run().catch(events.journalFault);
  return {
    shippable: () => source,
    stop: async () => {
      isStopped = true;
      reader?.end();
      makeRoom?.();
      wake?.();
      await running;
    },
  };
}

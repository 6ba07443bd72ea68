// Batches for a store under test: lines into an envelope and a compressed body, as an agent would send them.
import { zstdCompressSync } from 'node:zlib';
import type { BatchEnvelope } from '../../services/protocol/ingest.ts';
import { protocolVersion } from '../../services/protocol/version.ts';

export type Batch = { readonly envelope: BatchEnvelope; readonly raw: Buffer };

/** When the lines of the tests are read; their own times lie before. */
export const readMs = Date.parse('2026-11-22T23:00:00Z');

/** One batch of whole lines that begins at `firstOffset` of its source. */
export function makeBatch(
  lines: readonly string[],
  place: {
    readonly node?: string;
    readonly sourceId?: string;
    readonly firstOffset?: number;
    readonly readMs?: number;
  } = {},
): Batch {
  const raw = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const { node = 'mx1', sourceId = `${node}-log`, firstOffset = 0 } = place;
  const envelope: BatchEnvelope = {
    ...{ protocolVersion, node, sourceId, path: '/var/log/mail.log', sequence: 0, firstOffset },
    ...{ lastOffset: firstOffset + raw.length, lines: lines.length, rawBytes: raw.length, cutBytes: 0 },
    ...{ readMs: place.readMs ?? readMs, timeZone: 'UTC' },
  };
  return { envelope, raw };
}

export const bodyOf = (batch: Batch): Uint8Array<ArrayBuffer> => new Uint8Array(zstdCompressSync(batch.raw));

/** Cuts each node's lines into batches of about `bytes`, in the order in which they would arrive. */
export function cutIntoBatches(lines: ReadonlyArray<{ node: string; text: string }>, bytes: number): Batch[] {
  const open = new Map<string, { texts: string[]; size: number }>();
  const offsets = new Map<string, number>();
  const batches: Batch[] = [];
  const close = (node: string): void => {
    const texts = open.get(node)?.texts ?? [];
    if (texts.length === 0) return;
    const batch = makeBatch(texts, { node, firstOffset: offsets.get(node) ?? 0 });
    offsets.set(node, batch.envelope.lastOffset);
    batches.push(batch);
    open.delete(node);
  };
  for (const { node, text } of lines) {
    const tail = open.get(node) ?? { texts: [], size: 0 };
    open.set(node, tail);
    tail.texts.push(text);
    tail.size += text.length + 1;
    if (tail.size >= bytes) close(node);
  }
  for (const node of [...open.keys()]) close(node);
  return batches;
}

// The bulk channel: an agent posts batches of raw lines to `POST /ingest/v1/batches`.
// The body is the batch's lines (each ended by \n, exactly the bytes of the source) compressed with zstd; the envelope
// travels in the `mailward-batch` header as JSON, so that the body is passed to the store's worker without a copy.
import { z } from 'zod';
import { timeZoneName } from './time-zone.ts';

/** Bounds of one batch; larger ones are refused with `too-large`. */
export const batchLimits = {
  /** Uncompressed bytes of lines in one batch. */
  rawBytesMax: 4 * 1024 * 1024,
  /** Compressed body. */
  bodyBytesMax: 4 * 1024 * 1024,
  /** A longer line is cut here by the agent; the rest of its bytes is skipped and counted in `cutBytes`. */
  lineBytesMax: 64 * 1024,
} as const;

export const batchHeaderName = 'mailward-batch';

/** Names of one node that are told; more are read by the tag alone. */
export const syslogNamesMax = 32;
export const syslogNameSchema = z.object({ name: z.string().min(1).max(64), instance: z.string().min(1).max(64) });
/** A tag that begins with `name` (the part in front of `/smtpd`) is one of the Postfix instance `instance`. */
export type SyslogName = z.infer<typeof syslogNameSchema>;

/**
 * Where a batch stands in its source. Offsets are bytes in the source; `firstOffset` of a batch equals `lastOffset`
 * (exclusive end) of the one before, otherwise the difference is a gap. A range that is stored already is acknowledged
 * again and not stored again. A batch of no bytes says that the source went on to there, and that what was not sent is gone.
 */
export const batchEnvelopeSchema = z.object({
  protocolVersion: z.number().int(),
  node: z.string().min(1).max(255),
  /** Stable name of the stream: for a file a hash of its node and first line, so that a rename keeps it. */
  sourceId: z.string().min(1).max(128),
  path: z.string().max(4096),
  sequence: z.number().int().nonnegative(),
  firstOffset: z.number().int().nonnegative(),
  lastOffset: z.number().int().nonnegative(),
  lines: z.number().int().nonnegative(),
  rawBytes: z.number().int().nonnegative().max(batchLimits.rawBytesMax),
  cutBytes: z.number().int().nonnegative(),
  /**
   * When the agent read it: by this the year of a time without one is told. Of lines of the past, the time of the latest one.
   */
  readMs: z.number(),
  /** Lines of the past, brought by `mailward import`: stored like others, but no news of the node. */
  isPast: z.boolean().optional(),
  /** What the tags of the node's Postfix mean where they do not tell by themselves. */
  syslogNames: z.array(syslogNameSchema).max(syslogNamesMax).optional(),
  /** The IANA zone in which the node writes times without one. */
  timeZone: timeZoneName,
});
export type BatchEnvelope = z.infer<typeof batchEnvelopeSchema>;

/** `stored`: durable now. `duplicate`: it was durable already. Either way the agent may advance its checkpoint to `lastOffset`. */
export const batchAckSchema = z.object({
  result: z.enum(['stored', 'duplicate']),
  sourceId: z.string(),
  lastOffset: z.number(),
});
export type BatchAck = z.infer<typeof batchAckSchema>;

/** The value of the `mailward-batch` header: JSON in ASCII (other characters as \u escapes), because a header carries no more. */
export const encodeBatchEnvelope = (envelope: BatchEnvelope): string => asciiJson(envelope);

/** JSON in ASCII, other characters as \u escapes. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `GET /ingest/v1/offsets?node=…`: how far control holds each source of a node. An agent starts there, so nothing is doubled. */
export const storedOffsetsSchema = z.object({
  node: z.string(),
  sources: z.array(
    z.object({
      sourceId: z.string(),
      lastOffset: z.number().int().nonnegative(),
      /** Where the first hole begins, when there is one: everything before is stored. */
      wholeTo: z.number().int().nonnegative().optional(),
      /** Where that hole ends. */
      holeTo: z.number().int().nonnegative().optional(),
    }),
  ),
});
export type StoredOffsets = z.infer<typeof storedOffsetsSchema>;

// The port that holds lines and stories. Drivers live beside this file; every driver passes test/contract/event-store.test.ts.
import type { BoundedCount, FlowPoint, StoryDetail, StoryPage, StoryQuery } from '../../protocol/api.ts';
import type { Completeness } from '../../protocol/completeness.ts';
import type { BatchAck, BatchEnvelope, StoredOffsets } from '../../protocol/ingest.ts';
import type { TailChunk, TailFilter } from '../../protocol/live.ts';
import type { Report } from '../../protocol/report.ts';
import type { Removal, StoreRemovals } from '../../protocol/retention.ts';
import type { Unparsed } from '../../protocol/unparsed.ts';
import type { DelayCounts } from '../delay-counts.ts';

/** What one batch taught us, for metrics and the live page. Counted once: a duplicate batch has all counts zero. */
export type IngestReport = {
  readonly ack: BatchAck;
  /** `kind` → lines, with `service` and `status` where a metric needs them: key `kind|software|service|status`. */
  readonly counts: Readonly<Record<string, number>>;
  /** How long finished deliveries took; absent when there were none. */
  readonly delays?: DelayCounts;
  /** Bytes missing between what was stored of this source and this batch. */
  readonly gapBytes: number;
  /** Lines for the live tails, when there are such; bounded by `tailLimits`. */
  readonly tails?: Tails;
};

/** By the names that `setTails` gave. A line that several filters let through is one object. */
export type Tails = Readonly<Record<string, TailChunk>>;

export type FlowRange = { readonly since: number; readonly until: number; readonly stepMs: number };

export type DomainFlowRange = FlowRange & { readonly domain: string };
/** Mail of one domain; `lines` of its points are zero. `countedSince`: messages that began before this instant are not counted. */
export type DomainFlow = {
  readonly domain: string;
  readonly flow: FlowPoint[];
  readonly inQueue: number;
  readonly oldestQueuedAt?: number;
  readonly countedSince?: number;
};

/** Epoch milliseconds, both included; `timeZone` is the IANA zone of days and hours, `rows` what a table lists. */
export type ReportRequest = {
  readonly since: number;
  readonly until: number;
  readonly timeZone: string;
  readonly rows: number;
  readonly domain?: string;
};

/**
 * What is older is removed; `undefined` keeps. Figures by the minute and gaps go with the lines that they count. Above
 * `bytesMax` of used disk the oldest lines go, and what else is that old, until there is some room again.
 */
export type RetentionPolicy = {
  readonly linesBefore?: number;
  readonly storiesBefore?: number;
  readonly bytesMax?: number | undefined;
};

/** Epoch milliseconds, both included; `clustersMax` is how many groups are told apart in the answer. */
export type UnparsedRequest = { readonly since: number; readonly until: number; readonly clustersMax: number };

export interface EventStore {
  /** Durable when it resolves. `body` is the zstd-compressed lines and is transferred, not copied: the caller's buffer is gone. */
  ingest(envelope: BatchEnvelope, body: Uint8Array<ArrayBuffer>): Promise<IngestReport>;
  /** What is followed from now on, by names of the caller's choice; at most `tailLimits.filtersMax`. */
  setTails(filters: Readonly<Record<string, TailFilter>>): void;
  searchStories(query: StoryQuery): Promise<StoryPage>;
  /** How many the search finds, up to `countMax`. */
  countStories(query: Omit<StoryQuery, 'cursor' | 'limit'>, countMax: number): Promise<BoundedCount>;
  /** `undefined` when there is no such story (any more). */
  readStory(id: string): Promise<StoryDetail | undefined>;
  readFlow(range: FlowRange): Promise<{ readonly all: FlowPoint[]; readonly byNode: Record<string, FlowPoint[]> }>;
  /** The same of mail from or to one domain, with what stands in its queues. Bounded in messages. */
  readDomainFlow(range: DomainFlowRange): Promise<DomainFlow>;
  /** Messages that stand in a queue as far as the log tells, and the arrival of the oldest. */
  readQueue(): Promise<{ readonly inQueue: number; readonly oldestQueuedAt?: number }>;
  /** Reads every line of the interval: seconds for a busy day. Other questions do not wait for it. */
  readReport(request: ReportRequest): Promise<Report>;
  /** Groups the lines of the interval that are not understood; reads the stretches of the log that hold some. */
  readUnparsed(request: UnparsedRequest): Promise<Unparsed>;
  readCompleteness(range: { readonly since: number; readonly until: number }): Promise<Completeness>;
  /** How far each source of a node is stored: an agent that lost its checkpoints starts there. */
  readOffsets(node: string): Promise<ReadonlyArray<StoredOffsets['sources'][number]>>;
  /** Deletes in bounded chunks, and keeps on record what it removed. `now` is when. */
  applyRetention(policy: RetentionPolicy, now: number): Promise<Removal[]>;
  readRemovals(): Promise<StoreRemovals>;
  stop(): Promise<void>;
}

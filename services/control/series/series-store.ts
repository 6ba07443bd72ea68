// The port that holds the samples of metrics. Drivers live beside this file; every driver passes
// test/contract/series-store.test.ts.
import type { Removal, RetentionClass, StoreRemovals } from '../../protocol/retention.ts';
import type {
  Matcher,
  Resolution,
  ScrapeAck,
  ScrapeEnvelope,
  SeriesAnswer,
  SeriesFunction,
  SeriesNames,
} from '../../protocol/series.ts';

/** Bounds of what is kept, whatever comes in. */
export type SeriesBounds = {
  /** Series of one node that were heard within a day; a new one beyond is refused and counted. */
  readonly seriesPerNodeMax: number;
  /** Series of one node that something is kept of, silent ones too: what labels that change all the time may take. */
  readonly seriesPerNodeKeptMax: number;
  /** Series of all nodes that something is kept of; half of them are only for nodes that keep fewer than `seriesPerNodeMax`. */
  readonly seriesMax: number;
};
export const defaultSeriesBounds: SeriesBounds = {
  seriesPerNodeMax: 5_000,
  seriesPerNodeKeptMax: 20_000,
  seriesMax: 200_000,
};

/** How far a node's clock may be from control's for its samples to be believed. */
export const clockBounds = {
  aheadMsMax: 5 * 60_000,
  /** More than an agent keeps while control is away, less than raw samples are kept. */
  behindMsMax: 6 * 3_600_000,
} as const;

/** A counter's rise between two samples that are further apart is not known to belong to the time between them. */
export const riseMsMax = 5 * 60_000;

/** What one scrape taught us, for control's own metrics. */
export type ScrapeReport = {
  readonly ack: ScrapeAck;
  /** Scrapes that the agent took and that never came, between the last one and this. */
  readonly missed: number;
  readonly newSeries: number;
};

/** Epoch milliseconds, both included; a step that is finer than what is kept is made coarser, and the answer says so. */
export type SeriesRange = {
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly since: number;
  readonly until: number;
  readonly stepMs: number;
  readonly function: SeriesFunction;
};

/** Which class of retention each resolution is. */
export const sampleClasses = {
  raw: 'samplesRaw',
  minute: 'samplesMinute',
  fiveMinutes: 'samplesFiveMinutes',
  hour: 'samplesHour',
} as const satisfies Record<Resolution, RetentionClass>;

/** Epoch milliseconds before which each resolution is removed. */
export type SeriesRetentionPolicy = Readonly<Record<Resolution, number>>;

export interface SeriesStore {
  /** Kept when it resolves. `receivedAt` is control's clock. `body` is transferred, not copied. @throws AppError `bad-request`, `too-large`. */
  write(envelope: ScrapeEnvelope, body: Uint8Array<ArrayBuffer>, receivedAt: number): Promise<ScrapeReport>;
  /** @throws AppError `bad-request`, `too-large` for more than one answer may hold. */
  readRange(range: SeriesRange): Promise<SeriesAnswer>;
  listNames(): Promise<SeriesNames>;
  /** Deletes in bounded chunks, and keeps on record what it removed. `now` is when. */
  applyRetention(policy: SeriesRetentionPolicy, now: number): Promise<Removal[]>;
  readRemovals(): Promise<StoreRemovals>;
  stop(): Promise<void>;
}

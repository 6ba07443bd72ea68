// Scrapes for tests of series stores.
import { zstdCompressSync } from 'node:zlib';
import type { SeriesStore } from '../../services/control/series/series-store.ts';
import type { Scrape, ScrapeEnvelope, SeriesKind } from '../../services/protocol/series.ts';
import { protocolVersion } from '../../services/protocol/version.ts';

/** A full hour; tests count from here. */
export const startAt = Date.parse('2026-11-22T10:00:00Z');
export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;

/** `at`: milliseconds after {@link startAt}. Names that end in `_total` are counters. */
export type Sampled = {
  readonly at: number;
  readonly node?: string;
  readonly sequence?: number;
  readonly values: ReadonlyArray<readonly [name: string, value: number, labels?: Record<string, string>]>;
};

export const kindOf = (name: string): SeriesKind => (name.endsWith('_total') ? 'counter' : 'gauge');

export function makeScrape({ at, node = 'mx1', sequence = Math.round(at / (15 * secondMs)), values }: Sampled): {
  envelope: ScrapeEnvelope;
  body: Uint8Array<ArrayBuffer>;
} {
  const scrape: Scrape = values.map(([name, value, labels = {}]) => ({
    name,
    kind: kindOf(name),
    samples: [[labels, value]],
  }));
  const raw = Buffer.from(JSON.stringify(scrape));
  return {
    envelope: {
      ...{ protocolVersion, node, sequence, sampledMs: startAt + at, samples: values.length, rawBytes: raw.length },
    },
    body: new Uint8Array(zstdCompressSync(raw)),
  };
}

/** Writes at the node's own time; `receivedAt` when control's clock says another. */
export function write(store: SeriesStore, sampled: Sampled, receivedAt = startAt + sampled.at) {
  const { envelope, body } = makeScrape(sampled);
  return store.write(envelope, body, receivedAt);
}

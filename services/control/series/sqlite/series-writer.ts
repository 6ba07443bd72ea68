// The writing side: a scrape, its part of each roll-up and new series in one transaction. The open buckets stand in the file
// like the closed ones, so a crash leaves nothing to rebuild.
import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { AppError } from '../../../protocol/errors.ts';
import {
  type Scrape,
  type ScrapeAck,
  type ScrapeEnvelope,
  scrapeSchema,
  seriesLimits,
} from '../../../protocol/series.ts';
import { clockBounds, type ScrapeReport, type SeriesBounds } from '../series-store.ts';
import { addBuckets, bucketColumns, bucketOf, type Samples } from './bucket.ts';
import { type Columns, decodeColumns, encodeColumns } from './columns.ts';
import { createIdentities, labelsText } from './identities.ts';
import { type Rollup, rollupMs, rollups } from './series-schema.ts';

/** Decompresses and checks. @throws AppError `bad-request`, `too-large`. */
export function readScrape(envelope: ScrapeEnvelope, body: Uint8Array): Scrape {
  let json: unknown;
  let bytes = 0;
  try {
    const raw = zstdDecompressSync(body, { maxOutputLength: seriesLimits.rawBytesMax });
    bytes = raw.length;
    json = JSON.parse(raw.toString('utf8'));
  } catch (cause) {
    throw cause instanceof RangeError
      ? new AppError('too-large', `The scrape has more than ${seriesLimits.rawBytesMax} bytes.`, { cause })
      : new AppError('bad-request', 'The scrape is not JSON under zstd.', { cause });
  }
  const scrape = scrapeSchema.safeParse(json);
  if (!scrape.success) {
    const [issue] = scrape.error.issues;
    throw new AppError('bad-request', `The scrape is not valid: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const samples = scrape.data.reduce((sum, family) => sum + family.samples.length, 0);
  if (bytes !== envelope.rawBytes || samples !== envelope.samples)
    throw new AppError(
      'bad-request',
      `The scrape holds ${samples} samples in ${bytes} bytes, its envelope says ${envelope.samples} in ${envelope.rawBytes}.`,
    );
  return scrape.data;
}

/** Why a time is not believed. */
function judgeTime(sampledMs: number, receivedAt: number): ScrapeAck['reason'] {
  if (sampledMs > receivedAt + clockBounds.aheadMsMax) return 'in-the-future';
  if (sampledMs < receivedAt - clockBounds.behindMsMax) return 'too-old';
  return undefined;
}

export type SeriesWriter = {
  /** @throws AppError; then nothing of the scrape is stored. */
  readonly write: (envelope: ScrapeEnvelope, body: Uint8Array, receivedAt: number) => ScrapeReport;
  /** What is in memory of the file's series no longer holds. */
  readonly forget: () => void;
};

export function createSeriesWriter(db: DatabaseSync, bounds: SeriesBounds): SeriesWriter {
  const findNode = db.prepare('SELECT no, sequence, newest FROM node WHERE name = ?');
  const insertNode = db.prepare('INSERT INTO node (name, sequence, newest) VALUES (?, ?, 0)');
  const updateNode = db.prepare('UPDATE node SET sequence = ?, newest = ? WHERE no = ?');
  const findScrape = db.prepare('SELECT 1 FROM scrape WHERE node = ? AND time = ?');
  const readNewest = db.prepare('SELECT time, data FROM scrape WHERE no = ? AND node = ?');
  const insertScrape = db.prepare('INSERT INTO scrape (node, time, data) VALUES (?, ?, ?)');
  const buckets = rollups.map((rollup) => createRollup(db, rollup));
  let identities = createIdentities(db, bounds);

  function number(node: number, scrape: Scrape, time: number) {
    const values = new Map<number, number>();
    const counters = new Set<number>();
    const numberOf = identities.ofScrape(node, time);
    let refused = 0;
    for (const { name, kind, samples } of scrape) {
      for (const [labels, value] of samples) {
        const no = numberOf(name, kind, labelsText(labels));
        if (no === undefined) {
          refused += 1;
          continue;
        }
        values.set(no, value);
        if (kind === 'counter') counters.add(no);
      }
    }
    const series = Uint32Array.from(values.keys()).sort();
    const ordered = Float64Array.from(series, (no) => values.get(no) ?? 0);
    const samples: Samples = { time, series, values: ordered };
    return { samples, counters, refused };
  }

  function samplesBefore(newest: number, node: number): Samples | undefined {
    const row = readNewest.get(newest, node);
    if (row === undefined) return undefined;
    const { series, columns } = decodeColumns(row.data as Uint8Array, 1);
    return { time: Number(row.time), series, values: columns[0] ?? new Float64Array(0) };
  }

  function store(envelope: ScrapeEnvelope, scrape: Scrape): ScrapeReport {
    const { sequence, sampledMs } = envelope;
    const known = findNode.get(envelope.node);
    const node = Number(known?.no ?? insertNode.run(envelope.node, sequence - 1).lastInsertRowid);
    if (findScrape.get(node, sampledMs) !== undefined)
      return { ack: { result: 'duplicate', samples: 0, refusedSeries: 0 }, missed: 0, newSeries: 0 };
    const before = known === undefined ? undefined : samplesBefore(Number(known.newest), node);
    const { samples, counters, refused } = number(node, scrape, sampledMs);
    const { series, values } = samples;
    const { lastInsertRowid } = insertScrape.run(node, sampledMs, encodeColumns({ series, columns: [values] }));
    const bucket = bucketOf(samples, before, (no) => counters.has(no));
    for (const add of buckets) add(node, sampledMs, bucket);
    updateNode.run(sequence, Number(lastInsertRowid), node);
    // An agent that starts anew counts from 0 again.
    const missed = known === undefined ? 0 : Math.max(0, sequence - Number(known.sequence) - 1);
    return {
      ack: { result: 'stored', samples: series.length, refusedSeries: refused },
      missed,
      newSeries: identities.takeNew(),
    };
  }

  return {
    forget: () => {
      identities = createIdentities(db, bounds);
    },
    write: (envelope, body, receivedAt) => {
      const scrape = readScrape(envelope, body);
      const reason = judgeTime(envelope.sampledMs, receivedAt);
      if (reason !== undefined)
        return { ack: { result: 'refused', reason, samples: 0, refusedSeries: 0 }, missed: 0, newSeries: 0 };
      db.exec('BEGIN IMMEDIATE');
      try {
        const report = store(envelope, scrape);
        db.exec('COMMIT');
        return report;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        // What is in memory is ahead of what is stored: begin again from there.
        identities = createIdentities(db, bounds);
        throw error;
      }
    },
  };
}

/** Adds to the bucket that a time falls into, whichever that is: scrapes that waited come late. */
function createRollup(db: DatabaseSync, rollup: Rollup): (node: number, time: number, more: Columns) => void {
  const find = db.prepare(`SELECT no, last_time, data FROM ${rollup} WHERE node = ? AND time = ?`);
  const insert = db.prepare(`INSERT INTO ${rollup} (node, time, last_time, data) VALUES (?, ?, ?, ?)`);
  const update = db.prepare(`UPDATE ${rollup} SET last_time = ?, data = ? WHERE no = ?`);
  const widthMs = rollupMs[rollup];
  return (node, time, more) => {
    const start = Math.floor(time / widthMs) * widthMs;
    const row = find.get(node, start);
    if (row === undefined) {
      insert.run(node, start, time, encodeColumns(more));
      return;
    }
    const lastTime = Number(row.last_time);
    const bucket = decodeColumns(row.data as Uint8Array, bucketColumns.length);
    const whole = encodeColumns(addBuckets(bucket, more, time >= lastTime));
    update.run(Math.max(time, lastTime), whole, Number(row.no));
  };
}

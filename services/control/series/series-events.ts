// What control says about the samples that agents push: log records and metrics together.
import { Counter, type Registry } from 'prom-client';
import { AppError } from '../../protocol/errors.ts';
import type { ScrapeEnvelope } from '../../protocol/series.ts';
import type { Logger } from '../../runtime/log.ts';
import { logRefusal } from '../log-refusal.ts';
import { createBoundedCounter } from '../mail-metrics.ts';
import type { ScrapeReport } from './series-store.ts';

export function createSeriesEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const countScrapes = createBoundedCounter(registry, 'mailward_series_scrapes_total', 'Scrapes by result', [
    'node',
    'result',
  ]);
  const countSamples = createBoundedCounter(registry, 'mailward_series_samples_total', 'Samples kept', ['node']);
  const countBytes = createBoundedCounter(registry, 'mailward_series_body_bytes_total', 'Compressed bytes received', [
    'node',
  ]);
  const countMissed = createBoundedCounter(
    registry,
    'mailward_series_missed_scrapes_total',
    'Scrapes that an agent took and that never came',
    ['node'],
  );
  const countRefusedSeries = createBoundedCounter(
    registry,
    'mailward_series_refused_samples_total',
    'Samples of series that there was no room for',
    ['node'],
  );
  const refused = new Counter({
    name: 'mailward_series_refused_scrapes_total',
    help: 'Scrapes that were not taken, by error',
    labelNames: ['code'],
    registers: [registry],
  });
  // A state is said when it begins and when it ends, not with each scrape.
  const complaintByNode = new Map<string, string>();
  function complain(node: string, complaint: string | undefined, say: () => void): void {
    if (complaintByNode.get(node) === complaint) return;
    if (complaint === undefined) {
      complaintByNode.delete(node);
      log.info({ node }, 'the samples of a node are taken whole again');
      return;
    }
    if (complaintByNode.size >= complaintsMax) complaintByNode.clear();
    complaintByNode.set(node, complaint);
    say();
  }

  return {
    scrapeTaken(envelope: ScrapeEnvelope, bodyBytes: number, report: ScrapeReport): void {
      const { node, sampledMs } = envelope;
      const { result, reason, samples, refusedSeries } = report.ack;
      countScrapes({ node, result: reason ?? result }, 1);
      countBytes({ node }, bodyBytes);
      if (samples > 0) countSamples({ node }, samples);
      if (report.missed > 0) countMissed({ node }, report.missed);
      if (refusedSeries > 0) countRefusedSeries({ node }, refusedSeries);
      if (reason !== undefined)
        complain(node, reason, () =>
          log.warn(
            { node, sampledAt: new Date(sampledMs).toISOString(), reason },
            'the clock of a node is not believed',
          ),
        );
      else if (refusedSeries > 0)
        complain(node, 'series', () => log.warn({ node, refusedSeries }, 'a node has more series than are kept'));
      else complain(node, undefined, () => {});
    },
    scrapeRefused(error: unknown): void {
      const code = error instanceof AppError ? error.code : 'internal';
      refused.inc({ code });
      if (code !== 'overloaded') logRefusal(log, error, 'a scrape was refused');
    },
  };
}

/** Nodes whose last complaint is remembered. */
const complaintsMax = 10_000;

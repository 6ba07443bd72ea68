// What the agent says about the samples that it pushes.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ScrapeAck } from '../../protocol/series.ts';
import type { Logger } from '../../runtime/log.ts';

export type PushEvents = ReturnType<typeof createPushEvents>;

export function createPushEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const registers = [registry];
  const answered = new Counter({
    name: 'mailward_agent_scrapes_total',
    help: 'Scrapes that control answered, by result',
    labelNames: ['result'],
    registers,
  });
  const dropped = new Counter({
    name: 'mailward_agent_scrapes_dropped_total',
    help: 'Scrapes that control did not get: too many waited, or it would never have taken them',
    registers,
  });
  const leftOutSamples = new Counter({
    name: 'mailward_agent_samples_left_out_total',
    help: 'Samples beyond the bounds of a scrape',
    registers,
  });
  const waiting = new Gauge({
    name: 'mailward_agent_scrapes_waiting',
    help: 'Scrapes that wait for control',
    registers,
  });
  // A complaint is said when it begins, not with each scrape.
  let complaint = '';
  function complain(text: string, say: () => void): void {
    if (text === complaint) return;
    complaint = text;
    say();
  }

  return {
    scrapeTaken(count: number, leftOut: number): void {
      waiting.set(count);
      if (leftOut > 0) leftOutSamples.inc(leftOut);
    },
    scrapesWaiting(count: number): void {
      waiting.set(count);
    },
    scrapeDropped(): void {
      dropped.inc();
    },
    scrapeAnswered({ result, reason, refusedSeries }: ScrapeAck): void {
      answered.inc({ result: reason ?? result });
      if (reason !== undefined)
        complain(reason, () =>
          log.warn({ reason }, "control does not believe this node's clock; its samples are refused"),
        );
      else if (refusedSeries > 0)
        complain('series', () => log.warn({ refusedSeries }, 'control has no room for some series of this node'));
      else complaint = '';
    },
    scrapeFailed(error: unknown, isLost: boolean): void {
      if (isLost) dropped.inc();
      const message = error instanceof Error ? error.message : String(error);
      complain(message, () => log.warn({ err: error, isLost }, 'control did not take the samples of this node'));
    },
    scrapeNotTaken(error: unknown): void {
      dropped.inc();
      log.error({ err: error }, 'the samples of this node could not be taken');
    },
  };
}

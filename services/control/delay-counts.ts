// How long deliveries took, stage by stage, as histogram counts: gathered where lines are parsed, added up where metrics
// are shown. Stages are those of Postfix's `delays=a/b/c/d` (postconf(5), delay_logging_resolution_limit).
import type { MailEvent } from '../protocol/mail-event.ts';

/** Upper bounds in seconds, as the exporters for Postfix have them; one bucket more has no bound. */
export const delayBoundsSeconds = [0.001, 0.01, 0.1, 1, 10, 60, 3600, 86_400, 172_800] as const;

const stages = [
  ['before_queue_manager', 'beforeQmgr'],
  ['queue_manager', 'qmgr'],
  ['connection_setup', 'connection'],
  ['transmission', 'transmission'],
] as const;

/** Counts a bucket alone (not those below), and the sum of seconds. */
export type DelayHistogram = { readonly buckets: number[]; seconds: number };
/** By `service|stage`. */
export type DelayCounts = Readonly<Record<string, DelayHistogram>>;

/**
 * Adds a delivery of smtp or lmtp. Only an attempt that ended the recipient's wait counts: the delays of a deferred one
 * are part of those of the next, and a histogram that took both would count one wait many times.
 */
export function addDelays(counts: Map<string, DelayHistogram>, event: MailEvent): void {
  const { delays, service, kind, status } = event;
  if (kind !== 'delivery' || delays === undefined || status === 'deferred') return;
  if (service !== 'smtp' && service !== 'lmtp') return;
  for (const [stage, field] of stages) {
    const seconds = delays[field];
    const key = `${service}|${stage}`;
    let histogram = counts.get(key);
    if (histogram === undefined) {
      histogram = { buckets: new Array<number>(delayBoundsSeconds.length + 1).fill(0), seconds: 0 };
      counts.set(key, histogram);
    }
    const at = delayBoundsSeconds.findIndex((bound) => seconds <= bound);
    const bucket = at < 0 ? delayBoundsSeconds.length : at;
    histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
    histogram.seconds += seconds;
  }
}

// How old the oldest message in a queue was, over time, as agents measured it.
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { SeriesStore } from './series/series-store.ts';
import type { FlowRange } from './store/event-store.ts';

/** The longest of the queues of a node (agent's metric). */
const metric = 'mailward_queue_oldest_message_age_seconds';

export const oldestQueuedLimits = {
  /** An answer serves everybody who looks for this long, or for a tenth of a step where that is longer … */
  keptMsMin: 15_000,
  /** … up to this. */
  keptMsMax: 10 * 60_000,
  /** Ranges whose answers are kept. */
  rangesMax: 16,
} as const;

/** Start of a step → milliseconds; a step that nothing was measured in is absent. */
export type OldestQueued = ReadonlyMap<number, number>;

/** Reads at most every few seconds, however many look: an overview is drawn once a second. */
export function createOldestQueued(deps: {
  readonly clock: Clock;
  readonly series: Pick<SeriesStore, 'readRange'>;
}): (range: FlowRange) => Promise<OldestQueued> {
  const { clock, series } = deps;
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<OldestQueued> }>();

  async function read({ since, until, stepMs }: FlowRange): Promise<OldestQueued> {
    const range = { name: metric, matchers: [], since, until, stepMs, function: 'max' } as const;
    const oldest = new Map<number, number>();
    try {
      const answer = await series.readRange(range);
      // Where samples are kept in coarser steps only, they do not belong to single steps of this range.
      if (answer.stepMs !== stepMs) return oldest;
      for (const { values } of answer.series)
        for (const [at, seconds] of values.entries()) {
          const time = answer.since + at * stepMs;
          if (seconds !== null) oldest.set(time, Math.max(oldest.get(time) ?? 0, seconds * 1000));
        }
      return oldest;
    } catch (error) {
      // More than one answer may be drawn from: the overview does without.
      if (error instanceof AppError) return oldest;
      throw error;
    }
  }

  return (range) => {
    const { keptMsMin, keptMsMax, rangesMax } = oldestQueuedLimits;
    const now = clock.monotonicMs();
    const key = `${range.stepMs} ${Math.round((range.until - range.since) / range.stepMs)}`;
    const known = kept.get(key);
    if (known !== undefined && known.until > now) return known.answer;
    kept.delete(key);
    const [first] = kept.keys();
    if (kept.size >= rangesMax && first !== undefined) kept.delete(first);
    const answer = read(range);
    kept.set(key, { until: now + Math.min(keptMsMax, Math.max(keptMsMin, range.stepMs / 10)), answer });
    return answer;
  };
}

import { schedule } from 'node-cron';
import { AppError } from '../protocol/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlConfig } from './config.ts';
import type { ControlEvents } from './events.ts';
import type { EventStore, RetentionPolicy } from './store/event-store.ts';

const dayMs = 24 * 3_600_000;

/** What is too old at `now`. */
export function cutOff(config: ControlConfig['retention'], now: number): RetentionPolicy {
  return { linesBefore: now - config.linesDays * dayMs, storiesBefore: now - config.storiesDays * dayMs };
}

/** Deletes once a night what is older than its class may be; the store does it in bounded chunks. */
export function createRetention(
  config: ControlConfig['retention'],
  deps: { readonly clock: Clock; readonly store: EventStore; readonly events: ControlEvents },
): { readonly stop: () => Promise<void> } {
  const { clock, store, events } = deps;
  const run = async () => {
    try {
      events.retentionDone(await store.applyRetention(cutOff(config, clock.now())));
    } catch (error) {
      events.retentionFailed(error);
    }
  };
  try {
    const task = schedule(config.at, run, { noOverlap: true });
    return { stop: async () => task.destroy() };
  } catch (cause) {
    throw new AppError('bad-config', `retention.at: ${config.at} is not a cron expression`, { cause });
  }
}

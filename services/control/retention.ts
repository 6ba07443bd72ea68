// Removes in its time what may no longer be kept, and knows what was removed.
import { schedule } from 'node-cron';
import type { Removal, RetentionAnswer } from '../protocol/retention.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlEvents } from './events.ts';
import { describeRetention, type RetentionConfig, retentionTable } from './retention-table.ts';
import type { SeriesRetentionPolicy, SeriesStore } from './series/series-store.ts';
import type { StatePolicy, StateStore } from './state/state-store.ts';
import type { EventStore, RetentionPolicy } from './store/event-store.ts';

const dayMs = 24 * 3_600_000;
/** How often the size of the store is looked at: a burst fills a disk long before the night. */
const sizeCheckMs = 5 * 60_000;
/** So long after its start control removes what came of age while it was down: who starts is busy with agents that return. */
export const catchUpMs = 60_000;

/** What is too old at `now`. */
export function cutOff(
  config: RetentionConfig,
  now: number,
): { readonly store: RetentionPolicy; readonly series: SeriesRetentionPolicy; readonly state: StatePolicy } {
  const before = (days: number) => now - days * dayMs;
  return {
    store: {
      ...{
        linesBefore: before(config.linesDays),
        storiesBefore: before(config.storiesDays),
        bytesMax: config.bytesMax,
      },
    },
    series: {
      raw: before(config.samplesRawDays),
      minute: before(config.samplesMinuteDays),
      fiveMinutes: before(config.samplesFiveMinutesDays),
      hour: before(config.samplesHourDays),
    },
    state: { failoverBefore: before(config.failoverHistoryDays), auditBefore: before(config.auditActorsDays) },
  };
}

export type Retention = {
  readonly read: () => Promise<RetentionAnswer>;
  /** The instant before which answers name no persons. */
  readonly namesSince: () => number;
  readonly stop: () => Promise<void>;
};

/** Runs at the configured time, soon after the start, and whenever the store has outgrown its bound; the stores do it in bounded chunks. */
export function createRetention(
  config: RetentionConfig,
  deps: {
    readonly clock: Clock;
    readonly store: EventStore;
    readonly series: SeriesStore;
    readonly state: Pick<StateStore, 'applyRetention' | 'readRemovals'>;
    readonly events: Pick<ControlEvents, 'retentionDone' | 'retentionFailed'>;
  },
): Retention {
  const { clock, store, series, state, events } = deps;
  let running: Promise<void> | undefined;
  let hasStopped = false;

  async function apply(work: (now: number) => Promise<readonly Removal[]>): Promise<void> {
    try {
      events.retentionDone(await work(clock.now()));
    } catch (error) {
      // A store that was closed meanwhile is no fault: what is left is removed next time.
      if (!hasStopped) events.retentionFailed(error);
    }
  }
  async function run(work: () => Promise<void>): Promise<void> {
    while (running !== undefined) await running;
    if (hasStopped) return;
    running = work();
    await running;
    running = undefined;
  }
  const byAge = async () => {
    await apply((now) => store.applyRetention(cutOff(config, now).store, now));
    await apply((now) => series.applyRetention(cutOff(config, now).series, now));
    await apply((now) => state.applyRetention(cutOff(config, now).state, now));
  };

  const task = schedule(config.at, () => run(byAge), { noOverlap: true });
  const cancelCatchUp = clock.after(catchUpMs, () => void run(byAge));
  const { bytesMax } = config;
  const stopChecking =
    bytesMax === undefined
      ? () => {}
      : clock.every(sizeCheckMs, () => {
          // What runs already looks at the size as well, or the next check does.
          if (running === undefined) void run(() => apply((now) => store.applyRetention({ bytesMax }, now)));
        });

  return {
    read: async () => {
      const all = await Promise.all([store.readRemovals(), series.readRemovals(), state.readRemovals()]);
      const [ofStore, ofSeries, ofState] = all;
      const removals = [...ofStore.removals, ...ofSeries.removals, ...ofState.removals].sort((a, b) => b.at - a.at);
      return {
        ...{ table: describeRetention(config), at: config.at },
        ...{ storeBytes: ofStore.bytes, seriesBytes: ofSeries.bytes, stateBytes: ofState.bytes },
        ...(bytesMax === undefined ? {} : { bytesMax }),
        ...{ warnings: describeWarnings(removals, clock.now()), removals },
      };
    },
    namesSince: () => clock.now() - config.storiesDays * dayMs,
    stop: async () => {
      hasStopped = true;
      stopChecking();
      cancelCatchUp();
      await task.destroy();
    },
  };
}

/** Lines that the disk had no room for, though the law would have them kept. */
function describeWarnings(removals: readonly Removal[], now: number): string[] {
  const young = removals.filter(
    (removal) =>
      removal.class === 'lines' && removal.why === 'size' && removal.until > now - retentionTable.lines.daysMin * dayMs,
  );
  if (young.length === 0) return [];
  const until = young.reduce((most, removal) => Math.max(most, removal.until), 0);
  return [
    `The store was larger than retention.bytesMax, so lines up to ${new Date(until).toISOString()} were removed before their ${retentionTable.lines.daysMin} days were over. Raise retention.bytesMax.`,
  ];
}

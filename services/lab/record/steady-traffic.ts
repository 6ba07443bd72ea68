import type { LabRun } from '../../protocol/lab-run.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { LabPaths } from '../lab-paths.ts';
import { runLabTraffic, type TrafficWish } from '../traffic.ts';

const sliceSeconds = 5;

type Counts = LabRun['traffic']['kinds'];

/** Lets users work in short turns until it is stopped; the last turn is waited for. */
export function startTraffic(
  paths: LabPaths,
  wish: Pick<TrafficWish, 'users' | 'ratePerSecond'>,
  deps: { readonly clock: Clock },
): { readonly stop: () => Promise<Counts> } {
  const counts: Record<string, Counts[string]> = {};
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const turn = await runLabTraffic(paths, { ...wish, seconds: sliceSeconds, profile: 'flat' }, deps);
      for (const [kind, { attempted, done, failed, skipped }] of Object.entries(turn.kinds)) {
        const before = counts[kind] ?? { attempted: 0, done: 0, failed: 0, skipped: 0 };
        counts[kind] = {
          attempted: before.attempted + attempted,
          done: before.done + done,
          failed: before.failed + failed,
          skipped: before.skipped + skipped,
        };
      }
    }
  })();
  // Whoever stops it hears of a failure; until then there is nobody to hear of it.
  running.catch(() => {});
  return {
    stop: async () => {
      isOver = true;
      await running;
      return counts;
    },
  };
}

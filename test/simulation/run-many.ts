// Many seeds in a row, and what they covered.
import { leaseRows } from '../../services/failover/lease/table.ts';
import type { FaultKind } from './faults.ts';
import { faultKinds } from './faults.ts';
import { runSeed, soundSubject } from './schedule.ts';
import { advertTicks } from './world-state.ts';

export type SimulationResult = {
  readonly schedules: number;
  readonly violations: number;
  readonly schedulesPerSecond: number;
  /** The same per second of processor time, on a machine that others use too. */
  readonly schedulesPerCpuSecond: number;
  readonly eventsPerSecond: number;
  readonly eventsPerSchedule: number;
  /** Share of schedules in which the owner changed. */
  readonly ownerChanged: number;
  readonly lengthAdvertsMin: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Rows of the table that were taken at all, and pairs of row and fault kind in which the row was taken after the fault. */
  readonly rowsHit: number;
  readonly rows: number;
  readonly rowsMissed: readonly string[];
  readonly pairsHit: number;
  readonly pairs: number;
  readonly pairsMissed: readonly string[];
  readonly failedSeeds: readonly number[];
};
const failuresKept = 20;
const missesShown = 40;

export function runMany(options: {
  readonly seeds: number;
  readonly offset: number;
  readonly say: (line: string) => void;
}): SimulationResult {
  const faults = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const hits = faultKinds.map(() => new Uint8Array(leaseRows.length));
  const places = new Map(faultKinds.map((kind, place) => [kind, place]));
  const failedSeeds: number[] = [];
  let events = 0;
  let moved = 0;
  let violations = 0;
  let lengthMin = Number.MAX_SAFE_INTEGER;
  const startedAt = performance.now();
  const cpuAt = process.cpuUsage();
  for (let index = 0; index < options.seeds; index++) {
    const seed = (options.offset + index) % 2 ** 32;
    const outcome = runSeed(seed, soundSubject);
    events += outcome.events;
    if (outcome.moves > 0) moved += 1;
    const { rowTimes } = outcome.world;
    for (const fault of outcome.faults) {
      faults[fault.kind] += 1;
      const row = hits[places.get(fault.kind) ?? 0];
      for (let place = 0; row !== undefined && place < rowTimes.length; place++)
        if ((rowTimes[place] ?? -1) >= fault.at) row[place] = 1;
    }
    const [first] = outcome.violations;
    if (first === undefined) {
      lengthMin = Math.min(lengthMin, outcome.lengthTicks);
      continue;
    }
    violations += 1;
    if (failedSeeds.length < failuresKept) {
      failedSeeds.push(seed);
      options.say(`seed ${seed}: ${first.invariant} at ${(first.time / advertTicks).toFixed(3)} A: ${first.detail}`);
      options.say(`  see its trace with: npm run sim -- --seed ${seed}`);
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = process.cpuUsage(cpuAt);
  const isHit = leaseRows.map((_, place) => hits.some((row) => row[place] === 1));
  const missed = leaseRows.flatMap((row, place) =>
    faultKinds.filter((_, kind) => hits[kind]?.[place] !== 1).map((kind) => `${row.id} × ${kind}`),
  );
  const pairs = leaseRows.length * faultKinds.length;
  return {
    schedules: options.seeds,
    violations,
    schedulesPerSecond: Math.round(options.seeds / seconds),
    schedulesPerCpuSecond: Math.round((options.seeds * 1e6) / (cpu.user + cpu.system)),
    eventsPerSecond: Math.round(events / seconds),
    eventsPerSchedule: Math.round(events / options.seeds),
    ownerChanged: moved / options.seeds,
    lengthAdvertsMin: lengthMin / advertTicks,
    faults,
    rowsHit: isHit.filter(Boolean).length,
    rows: leaseRows.length,
    rowsMissed: leaseRows.filter((_, place) => isHit[place] !== true).map(({ id }) => id),
    pairsHit: pairs - missed.length,
    pairs,
    pairsMissed: missed.slice(0, missesShown),
    failedSeeds,
  };
}

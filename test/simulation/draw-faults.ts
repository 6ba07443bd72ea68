// Which faults a schedule injects, and when.
import type { Fault, FaultKind } from './faults.ts';
import { faultKinds } from './faults.ts';
import type { Random } from './random.ts';
import { between, chance, pick } from './random.ts';
import { advertTicks } from './world-state.ts';

const A = advertTicks;
const faultsFrom = 3 * A;
/** When every fault is over. */
export const healsAt = 42 * A;
const lastFaultAt = healsAt - 12 * A;
/** How many schedules are composed. */
export const composedPercent = 30;

/** Two to four faults; most kinds last up to 8·A, pauses up to 3·T. */
export function drawFaults(random: Random, leaseMs: number): Fault[] {
  const count = between(random, 2, 4);
  const faults: Fault[] = [];
  for (let index = 0; index < count; index++) {
    const kind = pick(random, faultKinds);
    const time = between(random, faultsFrom, lastFaultAt);
    faults.push(faultOf(random, kind, time, leaseMs));
  }
  return sort(faults);
}

/** Faults that are drawn together in time, so that each meets what the others left. */
export function compose(random: Random, plain: readonly Fault[], voters: number, leaseMs: number): Fault[] {
  return sort(chance(random, 50) ? onOneVictim(random, plain, voters, leaseMs) : absences(random, voters, leaseMs));
}

/**
 * The same faults and some more, mostly on one victim. Half of those that are added change what voters remember or who they
 * are, because two of that sort hardly ever meet by chance.
 */
function onOneVictim(random: Random, plain: readonly Fault[], voters: number, leaseMs: number): Fault[] {
  const from = between(random, faultsFrom, lastFaultAt - 8 * A);
  const span = between(random, A / 2, 8 * A);
  const victim = between(random, 1, voters);
  const added = between(random, 1, 3);
  const kinds = plain.map(({ kind }) => kind);
  for (let index = 0; index < added; index++)
    kinds.push(pick<FaultKind>(random, chance(random, 50) ? lastingKinds : faultKinds));
  return kinds.map((kind) =>
    faultOf(random, kind, from + between(random, 0, span), leaseMs, chance(random, 80) ? victim : undefined),
  );
}

/**
 * Most voters are away for a while of their own, so that no two of them have seen the same; meanwhile a clock runs ahead and
 * one memory is doubled, lost or old.
 */
function absences(random: Random, voters: number, leaseMs: number): Fault[] {
  const from = between(random, faultsFrom, lastFaultAt - 12 * A);
  const someTime = (): number => from + between(random, 0, 12 * A);
  const faults = [
    faultOf(random, 'wallStep', from, leaseMs, between(random, 1, voters)),
    faultOf(random, pick(random, memoryKinds), someTime(), leaseMs, between(random, 1, voters)),
  ];
  for (let voter = 1; voter <= voters; voter++)
    for (let times = between(random, 0, 2); times > 0; times--)
      faults.push(faultOf(random, pick(random, absentKinds), someTime(), leaseMs, voter));
  return faults;
}

const absentKinds: readonly FaultKind[] = ['sleep', 'freezeBeyondF', 'isolate', 'crash', 'pause', 'kill'];
const memoryKinds: readonly FaultKind[] = ['clone', 'clone', 'clone', 'restored', 'wiped', 'torn'];
const lastingKinds: readonly FaultKind[] = [
  ...(['sleep', 'freezeBeyondF', 'clone', 'restored', 'wiped', 'torn', 'changeVoters', 'retime'] as const),
  ...(['kill', 'crash', 'crashInTurn', 'slowFsync', 'wallStep', 'handOver', 'quarantine'] as const),
];

function faultOf(random: Random, kind: FaultKind, time: number, leaseMs: number, on?: number): Fault {
  const msMax = kind.startsWith('pause') ? 3 * leaseMs : 8 * A;
  return { kind, at: time, ms: Math.min(between(random, A / 2, msMax), healsAt - time - 1), on };
}
const sort = (faults: Fault[]): Fault[] => faults.sort((a, b) => a.at - b.at);

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

/**
 * The same faults and some more drawn together in time, so that each meets what the others left, and often on one victim
 * (members.ts). Half of those that are added change what voters remember or who they are, because two of that sort hardly
 * ever meet by chance.
 */
export function compose(random: Random, plain: readonly Fault[], leaseMs: number): Fault[] {
  const from = between(random, faultsFrom, lastFaultAt - 8 * A);
  const span = between(random, A / 2, 8 * A);
  const added = between(random, 1, 3);
  const kinds = plain.map(({ kind }) => kind);
  for (let index = 0; index < added; index++)
    kinds.push(pick<FaultKind>(random, chance(random, 50) ? lastingKinds : faultKinds));
  return sort(kinds.map((kind) => faultOf(random, kind, from + between(random, 0, span), leaseMs)));
}
const lastingKinds: readonly FaultKind[] = [
  ...(['sleep', 'freezeBeyondF', 'clone', 'restored', 'wiped', 'torn', 'changeVoters', 'retime'] as const),
  ...(['kill', 'crash', 'crashInTurn', 'slowFsync', 'wallStep', 'handOver', 'quarantine'] as const),
];

function faultOf(random: Random, kind: FaultKind, time: number, leaseMs: number): Fault {
  const msMax = kind.startsWith('pause') ? 3 * leaseMs : 8 * A;
  return { kind, at: time, ms: Math.min(between(random, A / 2, msMax), healsAt - time - 1) };
}
const sort = (faults: Fault[]): Fault[] => faults.sort((a, b) => a.at - b.at);

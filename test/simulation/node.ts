// One simulated machine: its clocks, disk, /run, kernel, and the lease process on it with its `nft` child.
import type { Effect, ShellEvent } from '../../services/failover/lease/events.ts';
import type { LeaseState } from '../../services/failover/lease/state.ts';
import type { LeaseDatagram, LeaseDurable, LeaseRun, VoterSet } from '../../services/protocol/lease.ts';

/** Local time is `base + (true time − since) · rate`; a frozen machine has `since` in the future. */
export type NodeClock = { base: number; since: number; rate: number; suspendedMs: number; wallOffset: number };

/** The lease element, the arms, and the address of the group as this kernel has them. */
export type Kernel = {
  leaseUntil: number;
  /** True time at which the element is gone on the slowest clock allowed. */
  worstUntil: number;
  leaseEpoch: number;
  isStatic: boolean;
  arms: { key: number; until: number }[];
  isLoaded: boolean;
  addressUntil: number;
};

/** A child outlives its process with the line it was given. */
export type NftChild = { pausedUntil: number; owner: LeaseProcess | undefined };

export type LeaseProcess = {
  state: LeaseState;
  readonly node: SimNode;
  readonly child: NftChild;
  /** True time of the next timer. */
  wakeAt: number;
  pausedUntil: number;
  /** What the clock said when the pause began. */
  pausedAtLocal: number;
  backlog: (ShellEvent | LeaseDatagram)[];
  /** Effects that a pause in the middle of them left undone. */
  unfinished: Effect[];
  /** The next decision is cut after this many effects: the process dies or stops there. */
  cutAfter: number;
  cutBy: 'kill' | 'pause' | undefined;
  cutMs: number;
  persistDoneAt: number;
};

export type SimNode = {
  readonly id: number;
  readonly isWitness: boolean;
  readonly clock: NodeClock;
  readonly kernel: Kernel;
  priority: number;
  process: LeaseProcess | undefined;
  isUp: boolean;
  isClone: boolean;
  /** A clone that was ended. */
  isGone: boolean;
  /** Its last standstill is a sleep, which its boot clock shows; what is sent to a deaf one meanwhile is lost. */
  isAsleep: boolean;
  isDeaf: boolean;
  durable: LeaseDurable | undefined;
  backup: LeaseDurable | undefined;
  isRestored: boolean;
  run: LeaseRun | undefined;
  fsyncMs: number;
  /** Overlaps are documented until then: after a freeze beyond F, a sleep, a flush. */
  exemptUntil: number;
  frozenUntil: number;
  /** The voter set before the present one: a deadline earned under it still runs. */
  priorSet: VoterSet | undefined;
  deadlines: { epoch: number; deadline: number }[];
};

export const localAt = ({ clock }: SimNode, time: number): number =>
  time <= clock.since ? clock.base : Math.floor(clock.base + (time - clock.since) * clock.rate);

/** The first true time at which the local clock has reached `local`. */
export function trueAt(node: SimNode, local: number): number {
  const { clock } = node;
  if (local <= clock.base) return clock.since;
  let time = clock.since + Math.ceil((local - clock.base) / clock.rate);
  if (localAt(node, time) < local) time += 1;
  return time;
}

export function setRate(node: SimNode, time: number, rate: number): void {
  node.clock.base = localAt(node, time);
  node.clock.since = Math.max(time, node.clock.since);
  node.clock.rate = rate;
}

/** The local clock stands still until `until`; the machine does nothing meanwhile. */
export function standStill(node: SimNode, time: number, until: number): void {
  node.clock.base = localAt(node, time);
  node.clock.since = until;
  node.frozenUntil = until;
}

export const isOpen = (node: SimNode, time: number): boolean =>
  node.isUp && node.kernel.leaseUntil > localAt(node, time);

export function createNode(
  id: number,
  choice: { isWitness: boolean; priority: number; rate: number; base: number },
): SimNode {
  return {
    id,
    isWitness: choice.isWitness,
    clock: { base: choice.base, since: 0, rate: choice.rate, suspendedMs: 0, wallOffset: 0 },
    kernel: { leaseUntil: 0, worstUntil: 0, leaseEpoch: 0, isStatic: false, arms: [], isLoaded: true, addressUntil: 0 },
    priority: choice.priority,
    process: undefined,
    isUp: true,
    isClone: false,
    isGone: false,
    isAsleep: false,
    isDeaf: false,
    durable: undefined,
    backup: undefined,
    isRestored: false,
    run: undefined,
    fsyncMs: 0,
    exemptUntil: 0,
    frozenUntil: 0,
    priorSet: undefined,
    deadlines: [],
  };
}

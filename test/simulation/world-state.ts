// What the simulated world is made of; world.ts moves it, safety.ts judges it.
import type { Decide } from '../../services/failover/lease/decide.ts';
import type { LeaseRules } from '../../services/failover/lease/rules.ts';
import type { LeasePolicy } from '../../services/failover/lease/terms.ts';
import type { LeaseDatagram, LeaseDurable, VoterSet } from '../../services/protocol/lease.ts';
import type { EventQueue } from './event-queue.ts';
import { push } from './event-queue.ts';
import type { LeaseProcess, NftChild, SimNode } from './node.ts';
import type { Random } from './random.ts';

export type Violation = { readonly invariant: string; readonly time: number; readonly detail: string };
export type Safety = {
  readonly violations: Violation[];
  highestWon: number;
  owner: number;
  ownerSince: number;
  moves: number;
  wins: number;
  /** Overlaps of the kinds that are documented as bounded. */
  documented: number;
  worstDocumented: number;
};
export const advertTicks = 10_000;
export const maxNodes = 8;

export type Line = {
  readonly kind: 'line';
  readonly what: 'arm' | 'fire' | 'close';
  readonly node: SimNode;
  readonly child: NftChild;
  readonly key: number;
  readonly ms: number;
  readonly epoch: number;
  readonly isStatic: boolean;
};
export type Item =
  | { readonly kind: 'deliver'; readonly node: SimNode; readonly datagram: LeaseDatagram }
  | Line
  | { readonly kind: 'persisted'; readonly process: LeaseProcess; readonly record: LeaseDurable }
  | { readonly kind: 'start'; readonly node: SimNode }
  | { readonly kind: 'resume'; readonly process: LeaseProcess }
  | { readonly kind: 'thaw'; readonly node: SimNode; readonly isBeyondF: boolean }
  | { readonly kind: 'act'; readonly act: (world: World) => void };

/** What the shell around the machine does; mutants of rule 1 and of the guard's lines change it. */
export type Shell = {
  readonly readsClockAfterReceive: boolean;
  readonly drawsNewNonce: boolean;
  readonly readsRun: boolean;
  /** /run is written before anything that it records is sent. */
  readonly writesRunFirst: boolean;
};
export const soundShell: Shell = {
  readsClockAfterReceive: true,
  drawsNewNonce: true,
  readsRun: true,
  writesRunFirst: true,
};

export type Network = {
  /** More than 0: cut from one number to another, at from · 8 + to. */
  readonly cuts: Int8Array;
  lossPercent: number;
  twicePercent: number;
  delayLow: number;
  delayHigh: number;
};

export type World = {
  time: number;
  readonly queue: EventQueue<Item>;
  readonly random: Random;
  /** Chance apart from the stream of everything else (schedule.ts). */
  readonly aside: Random;
  /** The faults of the schedule come together (draw-faults.ts). */
  isComposed: boolean;
  /** Whom the fault at hand is meant for; undefined: `victim` chooses. */
  struck: SimNode | undefined;
  readonly policy: LeasePolicy;
  readonly decide: Decide;
  readonly rules: LeaseRules;
  readonly shell: Shell;
  readonly nodes: SimNode[];
  readonly clones: SimNode[];
  readonly network: Network;
  readonly configured: VoterSet;
  readonly safety: Safety;
  events: number;
  disksLost: number;
  /** Processes started so far; each draws a nonce that no other has. */
  starts: number;
  /** True time at which each row was last taken, by its place in the table. */
  readonly rowTimes: Int32Array;
  trace: ((line: string) => void) | undefined;
};

export function at(world: World, time: number, act: (world: World) => void): void {
  push(world.queue, time, { kind: 'act', act });
}

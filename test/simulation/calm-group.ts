// A calm group to begin a directed probe or a scenario with, and the hands that a probe has on it.
import type { LeasePolicy } from '../../services/failover/lease/terms.ts';
import { holderOf } from './members.ts';
import type { SimNode } from './node.ts';
import { isOpen } from './node.ts';
import { handle, startProcess } from './process.ts';
import { randomOf } from './random.ts';
import type { Subject } from './schedule.ts';
import { createWorld } from './schedule.ts';
import { runUntil } from './world.ts';
import type { World } from './world-state.ts';
import { advertTicks, maxNodes } from './world-state.ts';

/** A directed probe: the name of the bound or invariant that was broken, or undefined when all was well. */
export type Probe = { readonly name: string; readonly run: (subject: Subject) => string | undefined };

const A = advertTicks;

/** A calm group whose node 1, the best, has held for a while. */
export function calmGroup(
  subject: Subject,
  choice: {
    seed?: number;
    voters?: number;
    spares?: number;
    witness?: boolean;
    priorities?: readonly number[];
    policy?: Partial<LeasePolicy>;
  } = {},
): World {
  const { seed = 1, voters = 3, spares = 0, witness = false, priorities = [200, 150, 100, 90, 80] } = choice;
  const policy: LeasePolicy = {
    advertMs: A,
    freezeMs: 0,
    rttMs: 200,
    armMs: 200,
    rankStepMs: 400,
    preempts: false,
    preemptDelayMs: 0,
    noMajority: 'hold-down',
    lagMax: undefined,
    movesBudget: 3,
    movesWindowMs: 100 * A,
    ceilingAheadMs: 32 * A,
    ...choice.policy,
  };
  const leaseMs = subject.rules.leaseMs(A, policy.freezeMs);
  const world = createWorld(randomOf(seed), subject, {
    ...{ voters, spares, witness, policy, leaseMs, priorities },
    aside: randomOf(seed),
  });
  runUntil(world, 4 * A);
  const holder = holderOf(world);
  if (holder !== undefined && holder.id !== 1) tell(world, holder.id, { kind: 'handOver', heir: 1 });
  runUntil(world, 8 * A);
  world.safety.moves = 0;
  return world;
}

export const after = (world: World, ms: number): void => runUntil(world, world.time + ms);

export const broken = (world: World): string | undefined => world.safety.violations[0]?.invariant;

export const nodeOf = (world: World, id: number): SimNode => {
  const node = world.nodes[id - 1];
  if (node === undefined) throw new Error(`no node ${id}`);
  return node;
};

export const isServedBy = (world: World, id: number): boolean => isOpen(nodeOf(world, id), world.time);

export const isServed = (world: World): boolean => world.nodes.some((node) => isOpen(node, world.time));

export function tell(world: World, id: number, event: Parameters<typeof handle>[2]): void {
  const { process } = nodeOf(world, id);
  if (process !== undefined) handle(world, process, event);
}

export function cut(world: World, from: readonly number[], to: readonly number[], by = 1): void {
  for (const a of from) for (const b of to) if (a !== b) world.network.cuts[a * maxNodes + b] = by;
}

export function cutBoth(world: World, some: readonly number[], others: readonly number[], by = 1): void {
  cut(world, some, others, by);
  cut(world, others, some, by);
}

export function restart(world: World, id: number, afterMs: number): void {
  const node = nodeOf(world, id);
  if (node.process !== undefined) node.process.child.owner = undefined;
  node.process = undefined;
  after(world, afterMs);
  startProcess(world, node);
}

/** Runs in small steps until it is so, for at most 3·A. */
export function until(world: World, isSo: () => boolean): boolean {
  for (let step = 0; step < 3 * A && !isSo(); step++) after(world, 1);
  return isSo();
}

export function isServedWithin(world: World, ms: number, isRight: () => boolean): boolean {
  const end = world.time + ms;
  while (world.time < end && !isRight()) after(world, 50);
  return isRight();
}

export const setOf = (world: World, id: number): readonly number[] => nodeOf(world, id).process?.state.set.voters ?? [];

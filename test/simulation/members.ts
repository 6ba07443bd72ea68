// The members of a group from outside: who holds, whom a fault hits, and what their checks and their operator tell them.
import type { SimNode } from './node.ts';
import { handle } from './process.ts';
import { chance, pick } from './random.ts';
import type { World } from './world-state.ts';

export const holderOf = (world: World): SimNode | undefined =>
  world.nodes.find((node) => node.process?.state.role === 'holding');

/** Mostly whoever holds, else anybody; in a composed schedule often whom the fault is meant for, or a clone of it. */
export function victim(world: World): SimNode {
  const struck = struckBy(world);
  if (struck !== undefined) return struck;
  const holder = holderOf(world);
  return holder !== undefined && chance(world.random, 75) ? holder : pick(world.random, world.nodes);
}

/** Anybody alike; in a composed schedule as `victim`. */
export const anybody = (world: World): SimNode => struckBy(world) ?? pick(world.random, world.nodes);

function struckBy(world: World): SimNode | undefined {
  const { aside, struck } = world;
  const twin = world.clones.find(({ id, isGone }) => id === struck?.id && !isGone);
  return twin !== undefined && chance(aside, 30) ? twin : struck;
}

export function tell(world: World, node: SimNode, event: Parameters<typeof handle>[2]): void {
  if (node.process !== undefined) handle(world, node.process, event);
}

/** What checks of this node say now. */
export function say(
  world: World,
  node: SimNode,
  health: { isHealthy?: boolean; mayAct?: boolean; isLinkUp?: boolean; priority?: number; lag?: number | null },
): void {
  const { isHealthy = true, mayAct = true, isLinkUp = true, priority = node.priority, lag = 0 } = health;
  const position = lag === null ? null : Math.floor(world.time / 100) - lag;
  tell(world, node, { kind: 'health', priority, isHealthy, mayAct, isLinkUp, position });
}

export function sayWell(world: World, node: SimNode): void {
  say(world, node, {});
}

// Everything is well again, and what is seen of it at once.
import { boot, powerOff } from './machine.ts';
import { say, tell } from './members.ts';
import { endClone, keepSilenced } from './memory.ts';
import type { SimNode } from './node.ts';
import { resume, startProcess } from './process.ts';
import { chance } from './random.ts';
import type { World } from './world-state.ts';

/** A stopped process goes on, and no cut waits for it. */
function wake(world: World, node: SimNode): void {
  const { process } = node;
  if (process === undefined) return;
  process.cutBy = undefined;
  process.child.pausedUntil = Math.min(process.child.pausedUntil, world.time);
  if (world.time >= process.pausedUntil) return;
  process.pausedUntil = world.time;
  resume(world, process);
}

/** Everything is well again: links, disks, machines, checks; the operator has ended clones and says which voter is right. */
export function healAll(world: World, downForGood: number): void {
  const { network } = world;
  network.cuts.fill(0);
  for (const twin of world.clones) endClone(world, world.nodes[twin.id - 1] ?? twin, twin);
  world.clones.length = 0;
  Object.assign(network, { lossPercent: 0, twicePercent: 0, delayLow: 40, delayHigh: 160 });
  for (const node of world.nodes) {
    node.fsyncMs = 0;
    if (node.id === downForGood) {
      powerOff(node);
      node.durable = undefined;
      continue;
    }
    if (!node.isUp) boot(world, node);
    if (node.process === undefined) startProcess(world, node);
    wake(world, node);
    if (node.process?.state.vote === 'silenced') keepSilenced(world, node, chance(world.aside, 50));
    say(world, node, {});
    tell(world, node, { kind: 'quarantine', isOn: false });
  }
}

// What takes a voter's memory away or doubles it: crashes with and without their disk, backups, clones, and the operator who
// says which of two is right.
import { isNewer } from '../../services/failover/lease/contact.ts';
import { ballotMs } from '../../services/failover/lease/terms.ts';
import type { VoterSet } from '../../services/protocol/lease.ts';
import { boot, powerOff } from './machine.ts';
import { sayWell } from './members.ts';
import type { SimNode } from './node.ts';
import { localAt } from './node.ts';
import { startProcess } from './process.ts';
import { chance } from './random.ts';
import type { World } from './world-state.ts';
import { at } from './world-state.ts';

/** Memory may be lost or copied on a minority only: from more, no protocol comes back without its operator. */
export function mayLoseState(world: World, node: SimNode): boolean {
  // Where lag is judged, whoever lost its disk knows of none until an operator says so.
  if (world.policy.lagMax !== undefined && world.disksLost > 0) return false;
  const lost = world.nodes.filter((other) => other !== node && hasLostState(world, other)).length;
  const sizes = world.nodes.map((node) => node.process?.state.set.voters.length ?? 9);
  return 2 * (lost + 1) < Math.min(world.configured.voters.length, ...sizes);
}

const hasLostState = (world: World, node: SimNode): boolean =>
  node.durable === undefined ||
  node.durable.mustLearn ||
  node.process?.state.mustLearn === true ||
  world.clones.some((twin) => twin.id === node.id) ||
  (node.isRestored && isBehind(world, node.durable.set));
/** A restored voter has come back when it knows the voter set again; only then may the next be restored. */
const isBehind = (world: World, set: VoterSet): boolean =>
  world.nodes.some(({ durable }) => durable !== undefined && isNewer(durable.set, set));

export function crash(world: World, node: SimNode, downMs: number, disk: 'kept' | 'torn' | 'wiped' | 'restored'): void {
  if (!node.isUp) return;
  const isLost = (disk === 'torn' || disk === 'wiped') && mayLoseState(world, node);
  powerOff(node);
  if (isLost) {
    node.durable = undefined;
    world.disksLost += 1;
  }
  if (disk === 'restored') {
    outrunBackup(world);
    node.durable = node.durable && node.backup;
    node.isRestored = true;
  }
  at(world, world.time + downMs, () => boot(world, node));
}

/** A backup is older than ballots run ahead of the clock; minutes in truth, so the clocks are moved on here. */
export function outrunBackup(world: World): void {
  const ballots = [...world.nodes, ...world.clones].map(({ durable, process }) =>
    Math.max(durable?.ceiling ?? 0, process?.state.seen ?? 0),
  );
  const newest = ballotMs(Math.max(...ballots));
  const aheadMs = Math.max(0, newest - world.time) + world.policy.ceilingAheadMs;
  for (const node of world.nodes) node.clock.wallOffset = Math.max(node.clock.wallOffset, aheadMs);
}

/** A machine boots from a copy of the disk of another, which may be up, down, asleep or a clone's original already. */
export function clone(world: World, original: SimNode, ms: number): SimNode {
  const twin: SimNode = {
    ...original,
    clock: { ...original.clock, base: localAt(original, world.time), since: world.time },
    kernel: { ...original.kernel, leaseUntil: 0, worstUntil: 0, addressUntil: 0, arms: [] },
    isClone: true,
    isUp: false,
    isAsleep: false,
    isDeaf: false,
    process: undefined,
    run: undefined,
    deadlines: [],
  };
  world.clones.push(twin);
  boot(world, twin);
  at(world, world.time + ms, () => (chance(world.aside, 20) ? keepClone : endClone)(world, original, twin));
  return twin;
}

/**
 * An operator ends the clone. Where the two never heard of each other, the one that stays has an older memory and does not
 * know it: a restored backup. Often the operator also says at once which is right, else when everything heals.
 */
export function endClone(world: World, original: SimNode, twin: SimNode): void {
  if (twin.isGone) return;
  if (!hasHeardOther(world, original)) outrunBackup(world);
  end(twin);
  if (chance(world.aside, 50) && original.process?.state.vote === 'silenced')
    keepSilenced(world, original, chance(world.aside, 50));
}
/** Judged by its silence, not by what it then writes down: that it does is what the machine must show. */
function hasHeardOther(world: World, { durable, process }: SimNode): boolean {
  const isSilent = process?.state.vote === 'silenced' && process.persistDoneAt < world.time;
  return isSilent || durable?.mustLearn === true;
}
function end(twin: SimNode): void {
  powerOff(twin);
  twin.isGone = true;
}

/** The operator keeps the clone: from now on its disk is that of the machine; not before its alarm is on disk. */
function keepClone(world: World, original: SimNode, twin: SimNode): void {
  powerOff(original);
  at(world, Math.max(world.time, twin.process?.persistDoneAt ?? 0) + 1, () => {
    if (twin.isGone) return;
    if (!hasHeardOther(world, twin)) outrunBackup(world);
    end(twin);
    powerOff(original);
    original.durable = twin.durable;
    boot(world, original);
    sayWell(world, original);
  });
}

/** The operator keeps this machine, boots it or starts its process anew; not before its alarm is on disk. */
export function keepSilenced(world: World, node: SimNode, isBoot: boolean): void {
  const { process } = node;
  if (process === undefined) return;
  at(world, Math.max(world.time, process.persistDoneAt) + 1, () => {
    if (node.process !== process || process.state.vote !== 'silenced') return;
    if (isBoot) powerOff(node);
    else process.child.owner = undefined;
    node.process = undefined;
    if (isBoot) boot(world, node);
    else startProcess(world, node);
    sayWell(world, node);
  });
}

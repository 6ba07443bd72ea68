// The machine below the process: its kernel runs lines, and it freezes, sleeps, loses its power and boots.
import { push } from './event-queue.ts';
import type { SimNode } from './node.ts';
import { localAt, standStill } from './node.ts';
import { handle, startProcess } from './process.ts';
import { chance } from './random.ts';
import { checkOpening, checkThaw } from './safety.ts';
import { traceLine } from './trace.ts';
import type { Line, World } from './world-state.ts';

/** The kernel runs one line of a child, perhaps long after it was written and perhaps after its writer died. */
export function runLine(world: World, line: Line): void {
  const { node, child, what, key } = line;
  const readyAt = Math.max(child.pausedUntil, node.frozenUntil);
  if (world.time < readyAt) {
    push(world.queue, readyAt, line);
    return;
  }
  if (!node.isUp || child.pausedUntil < 0) return;
  const { kernel } = node;
  const now = localAt(node, world.time);
  // Without the rules there is no set to put an element into.
  let isDone = kernel.isLoaded || what === 'close';
  if (!isDone) kernel.arms = [];
  else if (what === 'arm') kernel.arms.push({ key, until: now + line.ms });
  else if (what === 'close') {
    kernel.leaseUntil = 0;
    kernel.worstUntil = 0;
    kernel.isLoaded = true;
    if (world.rules.closesArms()) kernel.arms = [];
  } else {
    const arm = kernel.arms.find((candidate) => candidate.key === key && candidate.until > now);
    isDone = line.ms > 0 && (arm !== undefined || !world.rules.needsArm());
    if (isDone) {
      kernel.arms = kernel.arms.filter((candidate) => candidate !== arm && candidate.until > now);
      kernel.leaseUntil = now + line.ms;
      kernel.leaseEpoch = line.epoch;
      kernel.isStatic = line.isStatic;
      checkOpening(world, node, line.epoch);
    }
  }
  if (world.trace !== undefined) traceLine(world, line, isDone);
  const { owner } = child;
  if (owner === undefined) return;
  if (what === 'close') handle(world, owner, { kind: 'closed' });
  else handle(world, owner, { kind: what === 'arm' ? 'armed' : 'fired', key, isDone });
}

/** The whole machine stops, its kernel and clocks with it; a sleep is seen by the boot clock, a freeze by nobody. */
export function freeze(world: World, node: SimNode, ms: number, isSleep: boolean, isAloneBeyondF: boolean): void {
  if (!node.isUp || world.time < node.frozenUntil) return;
  // What follows one beyond F within its lease is beyond F together with it.
  const isBeyondF = isAloneBeyondF || world.time < node.exemptUntil;
  const until = world.time + ms;
  standStill(node, world.time, until);
  if (isSleep) node.clock.suspendedMs += ms;
  node.isAsleep = isSleep;
  // What waits in a network card may outlive a sleep or not; a machine that merely stands still finds all of it.
  node.isDeaf = isSleep && world.isComposed && chance(world.aside, 50);
  node.kernel.worstUntil += ms;
  if (isBeyondF) node.exemptUntil = Number.MAX_SAFE_INTEGER;
  push(world.queue, until, { kind: 'thaw', node, isBeyondF });
}

export function thaw(world: World, node: SimNode, isBeyondF: boolean): void {
  // It lost its power while it stood still; what is said here is of a later standstill, or of none.
  if (world.time !== node.frozenUntil) return;
  if (isBeyondF) checkThaw(world, node);
  const process = node.process;
  if (process === undefined) return;
  process.wakeAt = Math.max(world.time + 1, process.pausedUntil + 1);
  const backlog = process.backlog;
  if (world.time < process.pausedUntil) return;
  process.backlog = [];
  for (const event of backlog) handle(world, process, event);
}

/** Power off; `boot` brings it back with an empty kernel and a clock that starts again. */
export function powerOff(node: SimNode): void {
  if (node.process !== undefined) node.process.child.owner = undefined;
  node.isUp = false;
  node.process = undefined;
  node.run = undefined;
  node.deadlines = [];
  node.kernel.leaseUntil = 0;
  node.kernel.worstUntil = 0;
  node.kernel.arms = [];
  node.kernel.addressUntil = 0;
  node.kernel.isLoaded = true;
}

export function boot(world: World, node: SimNode): void {
  if (node.isUp || node.isGone) return;
  node.isUp = true;
  node.frozenUntil = 0;
  node.exemptUntil = 0;
  node.clock.base = 1000;
  node.clock.since = world.time;
  node.clock.suspendedMs = 0;
  startProcess(world, node);
}

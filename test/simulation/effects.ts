// How the shell carries out what a decision asks for: lines to the kernel, datagrams, records; and what stops it half-way.
// All of it goes into the queue, so that nothing here calls back into a process.
import type { Effect } from '../../services/failover/lease/events.ts';
import { durableRecordOf } from '../../services/failover/lease/state.ts';
import type { LeaseDatagram } from '../../services/protocol/lease.ts';
import { push } from './event-queue.ts';
import type { LeaseProcess, SimNode } from './node.ts';
import { localAt } from './node.ts';
import { between, chance } from './random.ts';
import type { Line, World } from './world-state.ts';
import { maxNodes } from './world-state.ts';

export const runLast = (effects: readonly Effect[]): Effect[] => [
  ...effects.filter((effect) => effect.kind !== 'run'),
  ...effects.filter((effect) => effect.kind === 'run'),
];

export function runEffects(world: World, process: LeaseProcess, effects: readonly Effect[]): void {
  for (let index = 0; index < effects.length; index++) {
    const effect = effects[index];
    if (effect === undefined || process.node.process !== process) return;
    if (process.cutBy !== undefined && index >= process.cutAfter) {
      cut(world, process, effects.slice(index));
      return;
    }
    runEffect(world, process, effect);
  }
}

function cut(world: World, process: LeaseProcess, rest: Effect[]): void {
  const by = process.cutBy;
  process.cutBy = undefined;
  if (by === 'kill') killProcess(world, process.node, process.cutMs);
  else {
    process.unfinished = rest;
    pauseProcess(world, process, process.cutMs);
  }
}

function runEffect(world: World, process: LeaseProcess, effect: Effect): void {
  const { node, state } = process;
  switch (effect.kind) {
    case 'send':
      if (effect.to !== 0) transmit(world, node, effect.to, effect.datagram);
      else
        for (const voter of effect.datagram.set.voters)
          if (voter !== node.id) transmit(world, node, voter, effect.datagram);
      return;
    case 'run':
      // The state holds the whole record and never changes; a start reads the record out of it.
      node.run = state;
      return;
    case 'persist':
      process.persistDoneAt = Math.max(
        process.persistDoneAt + 1,
        world.time + between(world.random, 20, 200) + node.fsyncMs,
      );
      push(world.queue, process.persistDoneAt, { kind: 'persisted', process, record: durableRecordOf(state) });
      return;
    case 'arm':
      write(world, process, effect.kind, effect.key, effect.forMs, 0);
      return;
    case 'fire': {
      const now = localAt(node, world.time);
      noteDeadline(node, effect.epoch, effect.deadline);
      const timeout = world.rules.fireTimeoutMs(effect.deadline, now, world.policy.armMs, effect.decidedAt);
      write(world, process, effect.kind, effect.key, timeout, effect.epoch);
      return;
    }
    case 'close':
      write(world, process, effect.kind, 0, 0, 0);
      return;
    case 'assert': {
      const second = world.policy.armMs * 50;
      const rest = Math.max(0, effect.deadline - localAt(node, world.time));
      node.kernel.addressUntil = localAt(node, world.time) + Math.ceil(rest / second) * second + second;
      return;
    }
    case 'withdraw':
      node.kernel.addressUntil = 0;
      return;
    case 'announce':
    case 'alarm':
      return;
  }
}

function noteDeadline(node: SimNode, epoch: number, deadline: number): void {
  const known = node.deadlines.find((entry) => entry.epoch === epoch);
  if (known === undefined) node.deadlines.push({ epoch, deadline });
  else if (deadline > known.deadline) known.deadline = deadline;
}

function write(world: World, process: LeaseProcess, what: Line['what'], key: number, ms: number, epoch: number): void {
  const { node, child, state } = process;
  const time = Math.max(world.time, child.pausedUntil) + between(world.random, 5, 35);
  const isStatic = state.staticEpoch !== 0;
  push(world.queue, time, { kind: 'line', what, node, child, key, ms, epoch, isStatic });
}

function transmit(world: World, from: SimNode, to: number, datagram: LeaseDatagram): void {
  const { network, random } = world;
  const target = world.nodes[to - 1];
  if (target !== undefined && target !== from) carry(world, from, target, datagram);
  for (const clone of world.clones) if (clone.id === to && clone !== from) carry(world, from, clone, datagram);
  if (network.twicePercent > 0 && target !== undefined && target !== from && chance(random, network.twicePercent))
    carry(world, from, target, datagram);
}

function carry(world: World, from: SimNode, to: SimNode, datagram: LeaseDatagram): void {
  const { network, random } = world;
  // Two processes of one number share an address: what is sent to it reaches both.
  if (from.id !== to.id) {
    if ((network.cuts[from.id * maxNodes + to.id] ?? 0) > 0) return;
    if (network.lossPercent > 0 && chance(random, network.lossPercent)) return;
  }
  const time = world.time + between(random, network.delayLow, network.delayHigh);
  push(world.queue, time, { kind: 'deliver', node: to, datagram });
}

/** SIGKILL. The `nft` child may live on with the line it was given; what is in /run may be gone, or torn. */
export function killProcess(world: World, node: SimNode, downMs: number): void {
  const process = node.process;
  if (process === undefined) return;
  node.process = undefined;
  process.child.owner = undefined;
  if (chance(world.random, 30)) process.child.pausedUntil = -1;
  if (world.isComposed && chance(world.aside, 10)) node.run = undefined;
  push(world.queue, world.time + downMs, { kind: 'start', node });
}

export function pauseProcess(world: World, process: LeaseProcess, ms: number): void {
  const until = world.time + ms;
  if (until <= process.pausedUntil) return;
  if (process.pausedUntil < world.time) process.pausedAtLocal = localAt(process.node, world.time);
  process.pausedUntil = until;
  process.wakeAt = until + 1;
  push(world.queue, until, { kind: 'resume', process });
}

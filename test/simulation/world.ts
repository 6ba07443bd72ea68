import type { Effect, ShellEvent } from '../../services/failover/lease/events.ts';
import { durableRecordOf, startState } from '../../services/failover/lease/state.ts';
import type { LeaseDatagram, LeaseRun } from '../../services/protocol/lease.ts';
import type { EventQueue } from './event-queue.ts';
import { createQueue, nextTime, push, shift } from './event-queue.ts';
import type { LeaseProcess, NftChild, SimNode } from './node.ts';
import { localAt, standStill, trueAt } from './node.ts';
import { between, chance } from './random.ts';
import { checkDecision, checkOpening, checkThaw } from './safety.ts';
import type { Item, Line, World } from './world-state.ts';
import { advertTicks, maxNodes } from './world-state.ts';

const backlogMax = 512;

export function runUntil(world: World, end: number): void {
  for (;;) {
    let due = nextTime(world.queue);
    let timer: LeaseProcess | undefined;
    for (const node of world.nodes) {
      const process = node.process;
      if (process !== undefined && process.wakeAt < due) {
        due = process.wakeAt;
        timer = process;
      }
    }
    for (const node of world.clones) {
      const process = node.process;
      if (process !== undefined && process.wakeAt < due) {
        due = process.wakeAt;
        timer = process;
      }
    }
    if (due > end) break;
    if (due > world.time) world.time = due;
    world.events += 1;
    if (timer !== undefined) handle(world, timer, timerEvent);
    else {
      const item = shift(world.queue);
      if (item !== undefined) happen(world, item);
    }
    if (world.safety.violations.length > 0) return;
  }
  world.time = end;
}
const timerEvent: ShellEvent = { kind: 'timer' };

export function at(world: World, time: number, act: (world: World) => void): void {
  push(world.queue, time, { kind: 'act', act });
}

function happen(world: World, item: Item): void {
  switch (item.kind) {
    case 'deliver':
      deliver(world, item.node, item.datagram, item);
      return;
    case 'line':
      runLine(world, item);
      return;
    case 'persisted':
      if (item.process.node.process !== item.process) return;
      item.process.node.durable = item.record;
      handle(world, item.process, { kind: 'persisted', record: item.record });
      return;
    case 'resume':
      resume(world, item.process);
      return;
    case 'thaw':
      thaw(world, item.node, item.isBeyondF);
      return;
    case 'act':
      item.act(world);
      return;
  }
}

function deliver(world: World, node: SimNode, datagram: LeaseDatagram, item: Item): void {
  if (!node.isUp || node.process === undefined) return;
  if (world.time < node.frozenUntil) push(world.queue, node.frozenUntil, item);
  else handle(world, node.process, datagram);
}

/** Something happens to a process; a stopped one finds it later. */
export function handle(world: World, process: LeaseProcess, event: ShellEvent | LeaseDatagram): void {
  const { node } = process;
  if (node.process !== process || !node.isUp) return;
  if (world.time < node.frozenUntil || world.time < process.pausedUntil) {
    process.wakeAt = Math.max(node.frozenUntil, process.pausedUntil) + 1;
    if (event.kind !== 'timer' && process.backlog.length < backlogMax) process.backlog.push(event);
    return;
  }
  decideNow(world, process, event, localAt(node, world.time));
}

function decideNow(world: World, process: LeaseProcess, event: ShellEvent | LeaseDatagram, now: number): void {
  const { node } = process;
  const before = process.state;
  const decision = world.decide(before, {
    events: [event],
    now,
    bootMs: now + node.clock.suspendedMs,
    unixMs: world.time + node.clock.wallOffset,
    policy: world.policy,
  });
  process.state = decision.state;
  for (const row of decision.reasons) world.rowTimes[row.place] = world.time;
  checkDecision(world, node, before, decision.state);
  if (world.trace !== undefined) traceDecision(world, process, event, decision.reasons);
  schedule(world, process, decision.wakeAt);
  runEffects(world, process, world.shell.writesRunFirst ? decision.effects : runLast(decision.effects));
}

export function schedule(world: World, process: LeaseProcess, wakeAtLocal: number): void {
  process.wakeAt = Math.max(trueAt(process.node, wakeAtLocal), world.time + 1);
}

const runLast = (effects: readonly Effect[]): Effect[] => [
  ...effects.filter((effect) => effect.kind !== 'run'),
  ...effects.filter((effect) => effect.kind === 'run'),
];

function runEffects(world: World, process: LeaseProcess, effects: readonly Effect[]): void {
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

function runOf(world: World, { run }: SimNode): LeaseRun | undefined {
  if (run === undefined || world.shell.readsRun) return run;
  return { ...run, acceptedUntil: 0, promised: 0, acceptedEpoch: 0 };
}

/** Starts the lease process of a machine that is up. */
export function startProcess(world: World, node: SimNode): void {
  node.starts += 1;
  const nonce = node.id * 1000 + (node.isClone ? 500 : 0) + (world.shell.drawsNewNonce ? node.starts : 0);
  const now = localAt(node, world.time);
  const child: NftChild = { pausedUntil: 0, owner: undefined };
  const process: LeaseProcess = {
    state: startState({
      self: node.id,
      nonce,
      isWitness: node.isWitness,
      priority: node.priority,
      durable: node.durable,
      run: runOf(world, node),
      configured: world.configured,
      now,
      policy: world.policy,
      rules: world.rules,
    }),
    node,
    child,
    wakeAt: world.time + 1,
    pausedUntil: 0,
    pausedAtLocal: 0,
    backlog: [],
    unfinished: [],
    cutAfter: 0,
    cutBy: undefined,
    cutMs: 0,
    persistDoneAt: 0,
  };
  child.owner = process;
  node.process = process;
  handle(world, process, { kind: 'start' });
}

/** SIGKILL. The `nft` child may live on with the line it was given. */
export function killProcess(world: World, node: SimNode, downMs: number): void {
  const process = node.process;
  if (process === undefined) return;
  node.process = undefined;
  process.child.owner = undefined;
  if (chance(world.random, 30)) process.child.pausedUntil = -1;
  at(world, world.time + downMs, () => {
    if (node.isUp && node.process === undefined) startProcess(world, node);
  });
}

export function pauseProcess(world: World, process: LeaseProcess, ms: number): void {
  const until = world.time + ms;
  if (until <= process.pausedUntil) return;
  if (process.pausedUntil < world.time) process.pausedAtLocal = localAt(process.node, world.time);
  process.pausedUntil = until;
  process.wakeAt = until + 1;
  push(world.queue, until, { kind: 'resume', process });
}

export function resume(world: World, process: LeaseProcess): void {
  const { node } = process;
  if (node.process !== process || !node.isUp || world.time < process.pausedUntil) return;
  if (world.time < node.frozenUntil) {
    push(world.queue, node.frozenUntil, { kind: 'resume', process });
    return;
  }
  const unfinished = process.unfinished;
  process.unfinished = [];
  runEffects(world, process, unfinished);
  const backlog = process.backlog;
  process.backlog = [];
  for (const event of backlog) {
    if (node.process !== process) return;
    if (world.time < process.pausedUntil) process.backlog.push(event);
    else
      decideNow(
        world,
        process,
        event,
        world.shell.readsClockAfterReceive ? localAt(node, world.time) : process.pausedAtLocal,
      );
  }
}

/** The whole machine stops, its kernel and clocks with it; a sleep is seen by the boot clock, a freeze by nobody. */
export function freeze(world: World, node: SimNode, ms: number, isSleep: boolean, isBeyondF: boolean): void {
  if (!node.isUp || world.time < node.frozenUntil) return;
  const until = world.time + ms;
  standStill(node, world.time, until);
  if (isSleep) node.clock.suspendedMs += ms;
  node.kernel.worstUntil += ms;
  if (isBeyondF) node.exemptUntil = Number.MAX_SAFE_INTEGER;
  push(world.queue, until, { kind: 'thaw', node, isBeyondF });
}

function thaw(world: World, node: SimNode, isBeyondF: boolean): void {
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
  if (node.isUp) return;
  node.isUp = true;
  node.frozenUntil = 0;
  node.exemptUntil = 0;
  node.clock.base = 1000;
  node.clock.since = world.time;
  node.clock.suspendedMs = 0;
  startProcess(world, node);
}

export const newQueue = (): EventQueue<Item> => createQueue<Item>();

const inAdverts = (time: number): string => (time / advertTicks).toFixed(3).padStart(8);
function nameOf(node: SimNode): string {
  return `n${node.id}${node.isClone ? "'" : ''}`;
}
function traceDecision(
  world: World,
  process: LeaseProcess,
  event: ShellEvent | LeaseDatagram,
  reasons: readonly { readonly sentence: string; readonly region: string }[],
): void {
  const from = 'from' in event ? ` from n${event.from}` : '';
  for (const { sentence, region } of reasons)
    world.trace?.(`${inAdverts(world.time)} ${nameOf(process.node)} ${region} ${event.kind}${from}: ${sentence}`);
}
function traceLine(world: World, { node, what, ms, child }: Line, isDone: boolean): void {
  const by = child.owner === undefined ? ' (orphan)' : '';
  const forMs = what === 'close' ? '' : ` for ${(ms / advertTicks).toFixed(3)} A`;
  world.trace?.(`${inAdverts(world.time)} ${nameOf(node)} kernel ${what}${forMs}${by}: ${isDone ? 'done' : 'refused'}`);
}

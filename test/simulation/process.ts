// One lease process of a machine: its start, its decisions, and what waits for it while it is stopped.
import type { ShellEvent } from '../../services/failover/lease/events.ts';
import { startState } from '../../services/failover/lease/state.ts';
import type { LeaseDatagram, LeaseRun } from '../../services/protocol/lease.ts';
import { runEffects, runLast } from './effects.ts';
import { push } from './event-queue.ts';
import type { LeaseProcess, NftChild, SimNode } from './node.ts';
import { localAt, trueAt } from './node.ts';
import { checkDecision } from './safety.ts';
import { traceDecision } from './trace.ts';
import type { World } from './world-state.ts';

const backlogMax = 512;

function runOf(world: World, { run }: SimNode): LeaseRun | undefined {
  if (run === undefined || world.shell.readsRun) return run;
  return { ...run, acceptedUntil: 0, promised: 0, acceptedEpoch: 0 };
}

/** Starts the lease process of a machine that is up. */
export function startProcess(world: World, node: SimNode): void {
  world.starts += 1;
  const nonce = node.id * 100_000 + (world.shell.drawsNewNonce ? world.starts : node.isClone ? 50_000 : 1);
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

function schedule(world: World, process: LeaseProcess, wakeAtLocal: number): void {
  process.wakeAt = Math.max(trueAt(process.node, wakeAtLocal), world.time + 1);
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

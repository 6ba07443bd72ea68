// The loop of the simulated world: what is due next happens, in true time.
import type { ShellEvent } from '../../services/failover/lease/events.ts';
import type { LeaseDatagram } from '../../services/protocol/lease.ts';
import { nextTime, push, shift } from './event-queue.ts';
import { runLine, thaw } from './machine.ts';
import type { LeaseProcess, SimNode } from './node.ts';
import { handle, resume, startProcess } from './process.ts';
import type { Item, World } from './world-state.ts';

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
    case 'start':
      if (item.node.isUp && item.node.process === undefined) startProcess(world, item.node);
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
  if (world.time < node.frozenUntil) {
    if (!node.isDeaf) push(world.queue, node.frozenUntil, item);
  } else handle(world, node.process, datagram);
}

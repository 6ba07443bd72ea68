// What a schedule tells while it runs, one line an event, for whoever asks.
import type { ShellEvent } from '../../services/failover/lease/events.ts';
import type { LeaseDatagram } from '../../services/protocol/lease.ts';
import type { LeaseProcess, SimNode } from './node.ts';
import type { Line, World } from './world-state.ts';
import { advertTicks } from './world-state.ts';

export const inAdverts = (time: number): string => (time / advertTicks).toFixed(3).padStart(8);

function nameOf(node: SimNode): string {
  return `n${node.id}${node.isClone ? "'" : ''}`;
}

export function traceDecision(
  world: World,
  process: LeaseProcess,
  event: ShellEvent | LeaseDatagram,
  reasons: readonly { readonly sentence: string; readonly region: string }[],
): void {
  const from = 'from' in event ? ` from n${event.from}` : '';
  for (const { sentence, region } of reasons)
    world.trace?.(`${inAdverts(world.time)} ${nameOf(process.node)} ${region} ${event.kind}${from}: ${sentence}`);
}

export function traceLine(world: World, { node, what, ms, child }: Line, isDone: boolean): void {
  const by = child.owner === undefined ? ' (orphan)' : '';
  const forMs = what === 'close' ? '' : ` for ${(ms / advertTicks).toFixed(3)} A`;
  world.trace?.(`${inAdverts(world.time)} ${nameOf(node)} kernel ${what}${forMs}${by}: ${isDone ? 'done' : 'refused'}`);
}

// What must never happen, judged from outside in true time. The machine knows nothing of this file.
import type { EventKind, LeaseEvent } from '../../services/failover/lease/events.ts';
import type { LeaseState } from '../../services/failover/lease/state.ts';
import { clockDrift, quorumOf } from '../../services/failover/lease/terms.ts';
import type { VoterSet } from '../../services/protocol/lease.ts';
import type { SimNode } from './node.ts';
import { isOpen, localAt } from './node.ts';
import type { Safety, World } from './world-state.ts';
import { advertTicks } from './world-state.ts';

export const createSafety = (): Safety => ({
  violations: [],
  highestWon: 0,
  owner: 0,
  ownerSince: 0,
  moves: 0,
  wins: 0,
  documented: 0,
  worstDocumented: 0,
});

export function violate(world: World, invariant: string, detail: string): void {
  world.safety.violations.push({ invariant, time: world.time, detail });
  world.trace?.(`${(world.time / advertTicks).toFixed(3).padStart(8)} VIOLATION ${invariant}: ${detail}`);
}

/** Epochs only rise, across every machine; and nothing that a mere candidate did disobeys a holder. */
export function checkDecision(world: World, node: SimNode, before: LeaseState, after: LeaseState): void {
  if (after.set !== before.set) node.priorSet = before.set;
  if (after.epoch === before.epoch) {
    const isRevived =
      after.epoch !== 0 && after.deadline > before.deadline && before.deadline <= localAt(node, world.time);
    if (isRevived) violate(world, 'I5-passed-deadline-stays-passed', `n${node.id} went on under epoch ${after.epoch}`);
    return;
  }
  if (after.epoch === 0) return;
  const { safety } = world;
  safety.wins += 1;
  if (after.epoch <= safety.highestWon && node.exemptUntil <= world.time)
    violate(world, 'epochs-rise', `n${node.id} won ${after.epoch} after ${safety.highestWon}`);
  safety.highestWon = Math.max(safety.highestWon, after.epoch);
}

/** The guard of a node was opened or kept open. */
export function checkOpening(world: World, node: SimNode, epoch: number): void {
  const { time, safety } = world;
  const { kernel } = node;
  const now = localAt(node, time);
  const restMs = kernel.leaseUntil - now;
  kernel.worstUntil = time + Math.ceil(restMs / (1 - clockDrift));
  const deadline = node.deadlines.find((entry) => entry.epoch === epoch)?.deadline ?? 0;
  if (kernel.leaseUntil > deadline)
    violate(
      world,
      'I1-guard-within-deadline',
      `n${node.id} is open ${kernel.leaseUntil - deadline} ticks past its deadline`,
    );
  if (kernel.isStatic) return;
  const state = node.process?.state;
  if (state !== undefined && state.epoch === epoch && epoch < state.wonEpoch)
    violate(world, 'holder-is-obeyed', `hooks on n${node.id} refuse epoch ${epoch} below ${state.wonEpoch}`);
  checkOverlap(world, node);
  if (node.exemptUntil < time) checkGrants(world, node, restMs);
  if (safety.owner !== node.id) {
    if (safety.owner !== 0) safety.moves += 1;
    safety.owner = node.id;
    safety.ownerSince = time;
  }
}

function checkOverlap(world: World, node: SimNode): void {
  for (const other of world.nodes) checkPair(world, node, other);
  for (const other of world.clones) checkPair(world, node, other);
}
function checkPair(world: World, node: SimNode, other: SimNode): void {
  const { time } = world;
  if (other === node || !other.isUp || other.kernel.isStatic) return;
  // Judged on the slowest clock allowed, so that every schedule stands for the worst drift.
  if (time >= other.kernel.worstUntil && !isOpen(other, time)) return;
  if (other.kernel.leaseUntil === 0) return;
  if (time < other.exemptUntil || time < node.exemptUntil) {
    world.safety.documented += 1;
    return;
  }
  violate(world, 'overlap', `n${node.id} opens while n${other.id} may still answer`);
}

/** I2: a quorum of grants, or of voters that will be mute, outlives the guard in true time whatever the clocks do. */
function checkGrants(world: World, node: SimNode, restMs: number): void {
  const needMs = restMs / (1 - clockDrift);
  const set = node.process?.state.set;
  if (set === undefined || outlivesUnder(world, node, set, needMs)) return;
  if (node.priorSet !== undefined && outlivesUnder(world, node, node.priorSet, needMs)) return;
  violate(
    world,
    'I2-quorum-outlives-guard',
    `no quorum of ${set.voters.length} voters outlives the guard of n${node.id}`,
  );
}
function outlivesUnder(world: World, holder: SimNode, set: VoterSet, needMs: number): boolean {
  let outliving = 0;
  for (const voter of set.voters) {
    const original = world.nodes[voter - 1];
    const isKept =
      (original !== undefined && outlives(world, original, holder.id, set, needMs)) ||
      world.clones.some((twin) => twin.id === voter && twin.isUp && outlives(world, twin, holder.id, set, needMs)) ||
      (original !== undefined && findsHello(world, original));
    if (isKept) outliving += 1;
  }
  return outliving >= quorumOf(set.voters.length);
}
/** It stands still, and hears its clone before anybody asks it for a vote: it falls silent first. */
function findsHello(world: World, { id, frozenUntil, process }: SimNode): boolean {
  if (process === undefined || world.time >= Math.max(frozenUntil, process.pausedUntil)) return false;
  const { items, times } = world.queue;
  const coming = items
    .flatMap((item, place) =>
      item.kind === 'deliver' && item.node.process === process ? [{ at: times[place] ?? 0, said: item.datagram }] : [],
    )
    .sort((a, b) => a.at - b.at)
    .map(({ said }) => said);
  const ahead: readonly LeaseEvent[] = [...process.backlog, ...coming];
  const hello = ahead.findIndex((event) => 'from' in event && event.from === id);
  return hello >= 0 && !ahead.slice(0, hello).some(({ kind }) => grantKinds.includes(kind));
}
const grantKinds: readonly EventKind[] = ['prepare', 'propose', 'renew'];
function outlives(world: World, voter: SimNode, holder: number, set: VoterSet, needMs: number): boolean {
  if (!voter.isUp) return true;
  const known = voter.process?.state ?? voter.run;
  if (known === undefined) return true;
  // It grants nothing more until it is started anew or wakes up, and then it is mute first.
  if (voter.process?.state.vote === 'silenced') return true;
  if (voter.isAsleep && world.time < voter.frozenUntil) return true;
  const now = localAt(voter, world.time);
  const grantMs = known.acceptedBy === holder ? known.acceptedUntil - now : 0;
  // Who must learn hears of this set first, and is silent for its M.
  const mutedUntil = Math.max(known.mutedUntil, known.mustLearn ? known.bootedAt + set.leaseMsMax : 0);
  return Math.max(grantMs, mutedUntil - now) / (1 + clockDrift) + 1 >= needMs;
}

/** A freeze beyond F ended: what is still open may overlap, but for no longer than documented. */
export function checkThaw(world: World, node: SimNode): void {
  const holdMs = world.rules.holdMs(node.process?.state.set.leaseMs ?? world.configured.leaseMs, world.policy.freezeMs);
  node.exemptUntil = world.time + Math.ceil(holdMs / (1 - clockDrift)) + 1;
}

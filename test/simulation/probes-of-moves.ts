// Directed probes of bounds that need a calm group: moves that are told, asked for, damped, or should not happen at all.
import type { Probe } from './calm-group.ts';
import {
  after,
  broken,
  calmGroup,
  cut,
  cutBoth,
  isServed,
  isServedBy,
  isServedWithin,
  nodeOf,
  tell,
  until,
} from './calm-group.ts';
import { boot, powerOff } from './machine.ts';
import { holderOf } from './members.ts';
import { setRate, trueAt } from './node.ts';
import { advertTicks } from './world-state.ts';

const A = advertTicks;

const transferIsFast: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  tell(world, 1, { kind: 'handOver', heir: 2 });
  const isMoved = isServedWithin(world, 0.3 * A, () => isServedBy(world, 2));
  return broken(world) ?? (isMoved ? undefined : 'L4-transfer-time');
};

/** Only the heir hears the resignation; it needs voters that missed it. */
const heirCarriesResignation: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { voters: 5 });
  cut(world, [1], [3, 4, 5]);
  tell(world, 1, { kind: 'handOver', heir: 2 });
  const isMoved = isServedWithin(world, 0.5 * A, () => isServedBy(world, 2));
  return broken(world) ?? (isMoved ? undefined : 'L4-transfer-time');
};

const resignationMoves: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  tell(world, 1, { kind: 'handOver', heir: 0 });
  after(world, 1.5 * A);
  return broken(world) ?? (isServed(world) && !isServedBy(world, 1) ? undefined : 'L5-resignation-moves');
};

/** An advert sent before the resignation arrives after it. */
const lateAdvertAfterResignation: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  const holder = nodeOf(world, 1);
  until(
    world,
    () =>
      (holder.process?.state.advertDueAt ?? 0) > 0 &&
      world.time >= trueAt(holder, holder.process?.state.advertDueAt ?? 0) - 2,
  );
  Object.assign(world.network, { delayLow: 3000, delayHigh: 3000 });
  after(world, 10);
  Object.assign(world.network, { delayLow: 40, delayHigh: 160 });
  after(world, 300);
  tell(world, 1, { kind: 'handOver', heir: 0 });
  const isMoved = isServedWithin(world, 1.5 * A, () => isServed(world) && !isServedBy(world, 1));
  return broken(world) ?? (isMoved ? undefined : 'L5-resignation-moves');
};

const fiveEqualMembers: Probe['run'] = (subject) => {
  const groups = 20;
  let ballots = 0;
  for (let seed = 0; seed < groups; seed++) {
    const world = calmGroup(subject, { seed, voters: 5, priorities: [] });
    const holder = holderOf(world);
    if (holder === undefined) return 'L1-one-owner-within-bound';
    for (const node of world.nodes) setRate(node, world.time, 1);
    world.trace = (line) => {
      if (line.includes('prepares a ballot')) ballots += 1;
    };
    tell(world, holder.id, { kind: 'handOver', heir: 0 });
    if (!isServedWithin(world, 1.5 * A, () => isServed(world) && !isServedBy(world, holder.id)))
      return broken(world) ?? 'L7-no-duels';
  }
  return ballots > 1.5 * groups ? 'L7-no-duels' : undefined;
};

const failureEverywhere: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  for (const id of [2, 3, 1]) {
    tell(world, id, { kind: 'health', priority: 100, isHealthy: false, mayAct: true, isLinkUp: true, position: null });
    after(world, A);
  }
  after(world, 10 * A);
  return broken(world) ?? (isServedBy(world, 1) ? undefined : 'L6-failure-everywhere-moves-nothing');
};

const bridgeKeepsOwner: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  cutBoth(world, [1], [2]);
  after(world, 30 * A);
  return (
    broken(world) ?? (world.safety.moves === 0 && isServedBy(world, 1) ? undefined : 'L8-partial-partition-keeps-owner')
  );
};

const dampedMoves: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { policy: { preempts: true } });
  for (let round = 0; round < 20; round++) {
    tell(world, 2, {
      kind: 'health',
      priority: round % 2 === 0 ? 250 : 1,
      isHealthy: true,
      mayAct: true,
      isLinkUp: true,
      position: null,
    });
    after(world, 4 * A);
  }
  return broken(world) ?? (world.safety.moves > world.policy.movesBudget ? 'S10-moves-within-budget' : undefined);
};

const loneCandidateIsQuiet: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { priorities: [200, 254, 100] });
  cutBoth(world, [2], [1, 3]);
  after(world, 5 * A);
  const before = nodeOf(world, 2).process?.state.seq ?? 0;
  after(world, 20 * A);
  const polls = (nodeOf(world, 2).process?.state.seq ?? 0) - before;
  return broken(world) ?? (polls > 140 ? 'L9-polls-are-bounded' : undefined);
};

/** One that is heard and fit, and hears nothing, can not be handed anything: it is asked with each advert. */
const unfitHolderIsQuiet: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  cut(world, [1], [2]);
  for (const id of [3, 1])
    tell(world, id, { kind: 'health', priority: 100, isHealthy: false, mayAct: true, isLinkUp: true, position: null });
  after(world, 5 * A);
  const before = nodeOf(world, 1).process?.state.seq ?? 0;
  after(world, 20 * A);
  const asked = (nodeOf(world, 1).process?.state.seq ?? 0) - before;
  return broken(world) ?? (asked > 50 ? 'L9-renewals-are-bounded' : undefined);
};

const coldStart: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  for (const node of world.nodes) powerOff(node);
  for (const node of world.nodes) boot(world, node);
  const boundMs = (2.5 * A) / 0.9 + A;
  return isServedWithin(world, boundMs, () => isServed(world)) ? broken(world) : 'L15-cold-start';
};

const lossKeepsLease: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { seed: 3 });
  powerOff(nodeOf(world, 3));
  world.network.lossPercent = 5;
  const { wins } = world.safety;
  after(world, 1000 * A);
  return broken(world) ?? (world.safety.wins > wins ? 'L3-lease-kept-under-loss' : undefined);
};

export const moveProbes: readonly Probe[] = [
  { name: 'transfer is fast', run: transferIsFast },
  { name: 'the heir carries the resignation', run: heirCarriesResignation },
  { name: 'a resignation moves', run: resignationMoves },
  { name: 'a late advert after a resignation', run: lateAdvertAfterResignation },
  { name: 'five equal members after a resignation', run: fiveEqualMembers },
  { name: 'a failure everywhere', run: failureEverywhere },
  { name: 'a bridge keeps the owner', run: bridgeKeepsOwner },
  { name: 'moves are damped', run: dampedMoves },
  { name: 'a lone candidate is quiet', run: loneCandidateIsQuiet },
  { name: 'an unfit holder is quiet', run: unfitHolderIsQuiet },
  { name: 'cold start', run: coldStart },
  { name: 'loss keeps the lease', run: lossKeepsLease },
];

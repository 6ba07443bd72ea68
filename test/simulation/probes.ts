// Directed probes: what random schedules rarely meet, and bounds that need a calm group. Each returns the name of the
// bound or invariant that was broken, or undefined when all was well.
import type { LeasePolicy } from '../../services/failover/lease/terms.ts';
import { clone, holderOf, keepSilenced, sayWell } from './faults.ts';
import type { SimNode } from './node.ts';
import { isOpen, setRate, trueAt } from './node.ts';
import { randomOf } from './random.ts';
import type { Subject } from './schedule.ts';
import { createWorld } from './schedule.ts';
import { boot, freeze, handle, powerOff, runLine, runUntil, startProcess } from './world.ts';
import type { World } from './world-state.ts';
import { advertTicks, maxNodes } from './world-state.ts';

export type Probe = { readonly name: string; readonly run: (subject: Subject) => string | undefined };
const A = advertTicks;

/** A calm group whose node 1, the best, has held for a while. */
export function calmGroup(
  subject: Subject,
  choice: {
    seed?: number;
    voters?: number;
    spares?: number;
    witness?: boolean;
    priorities?: readonly number[];
    policy?: Partial<LeasePolicy>;
  } = {},
): World {
  const { seed = 1, voters = 3, spares = 0, witness = false, priorities = [200, 150, 100, 90, 80] } = choice;
  const policy: LeasePolicy = {
    advertMs: A,
    freezeMs: 0,
    rttMs: 200,
    armMs: 200,
    rankStepMs: 400,
    preempts: false,
    preemptDelayMs: 0,
    noMajority: 'hold-down',
    lagMax: undefined,
    movesBudget: 3,
    movesWindowMs: 100 * A,
    ceilingAheadMs: 32 * A,
    ...choice.policy,
  };
  const leaseMs = subject.rules.leaseMs(A, policy.freezeMs);
  const world = createWorld(randomOf(seed), subject, { voters, spares, witness, policy, leaseMs, priorities });
  runUntil(world, 4 * A);
  const holder = holderOf(world);
  if (holder !== undefined && holder.id !== 1) tell(world, holder.id, { kind: 'handOver', heir: 1 });
  runUntil(world, 8 * A);
  world.safety.moves = 0;
  return world;
}

export const after = (world: World, ms: number): void => runUntil(world, world.time + ms);
const broken = (world: World): string | undefined => world.safety.violations[0]?.invariant;
const nodeOf = (world: World, id: number): SimNode => {
  const node = world.nodes[id - 1];
  if (node === undefined) throw new Error(`no node ${id}`);
  return node;
};
const isServedBy = (world: World, id: number): boolean => isOpen(nodeOf(world, id), world.time);
const isServed = (world: World): boolean => world.nodes.some((node) => isOpen(node, world.time));
export function tell(world: World, id: number, event: Parameters<typeof handle>[2]): void {
  const { process } = nodeOf(world, id);
  if (process !== undefined) handle(world, process, event);
}
export function cut(world: World, from: readonly number[], to: readonly number[], by = 1): void {
  for (const a of from) for (const b of to) if (a !== b) world.network.cuts[a * maxNodes + b] = by;
}
export function cutBoth(world: World, some: readonly number[], others: readonly number[], by = 1): void {
  cut(world, some, others, by);
  cut(world, others, some, by);
}
function restart(world: World, id: number, afterMs: number): void {
  const node = nodeOf(world, id);
  if (node.process !== undefined) node.process.child.owner = undefined;
  node.process = undefined;
  after(world, afterMs);
  startProcess(world, node);
}
/** Runs in small steps until it is so, for at most 3·A. */
function until(world: World, isSo: () => boolean): boolean {
  for (let step = 0; step < 3 * A && !isSo(); step++) after(world, 1);
  return isSo();
}
function isServedWithin(world: World, ms: number, isRight: () => boolean): boolean {
  const end = world.time + ms;
  while (world.time < end && !isRight()) after(world, 50);
  return isRight();
}
const setOf = (world: World, id: number): readonly number[] => nodeOf(world, id).process?.state.set.voters ?? [];

const lossKeepsLease: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { seed: 3 });
  powerOff(nodeOf(world, 3));
  world.network.lossPercent = 5;
  const { wins } = world.safety;
  after(world, 1000 * A);
  return broken(world) ?? (world.safety.wins > wins ? 'L3-lease-kept-under-loss' : undefined);
};

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
    tell(world, id, { kind: 'health', priority: 100, isHealthy: false, isLinkUp: true, position: null });
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

const staticEndsWithGateway: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { policy: { noMajority: 'fail-static' } });
  cutBoth(world, [1], [2, 3]);
  after(world, 3 * A);
  if (!isServedBy(world, 1)) return 'fail-static-serves';
  tell(world, 1, { kind: 'health', priority: 200, isHealthy: true, isLinkUp: false, position: null });
  after(world, 0.1 * A);
  return broken(world) ?? (isServedBy(world, 1) ? 'fail-static-ends-with-gateway' : undefined);
};

const sleepCloses: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  freeze(world, nodeOf(world, 1), 1.2 * A, true, true);
  // It wakes up alone: nobody else can tell it that time went on.
  after(world, 0.1 * A);
  cutBoth(world, [1], [2, 3]);
  after(world, 1.2 * A);
  return broken(world) ?? (isServedBy(world, 1) ? 'sleep-closes-guard' : undefined);
};

/** The successor's adverts do not reach the thawed holder; two other peers' clocks do. */
const thawCloses: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { voters: 5 });
  cut(world, [2], [1]);
  freeze(world, nodeOf(world, 1), 4 * A, false, true);
  after(world, 4.3 * A);
  return broken(world) ?? (isServedBy(world, 1) ? 'thaw-closes-guard' : undefined);
};

const dampedMoves: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { policy: { preempts: true } });
  for (let round = 0; round < 20; round++) {
    tell(world, 2, {
      kind: 'health',
      priority: round % 2 === 0 ? 250 : 1,
      isHealthy: true,
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

const flushedRulesAreBack: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  const { kernel } = nodeOf(world, 1);
  Object.assign(kernel, { isLoaded: false, leaseUntil: 0, worstUntil: 0, arms: [] });
  tell(world, 1, { kind: 'guardLost' });
  after(world, 0.2 * A);
  return broken(world) ?? (kernel.isLoaded && isServedBy(world, 1) ? undefined : 'guard-is-reinstalled');
};

/** The ruleset was flushed while no process was there to see it. */
const startInstallsRules: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  const { kernel } = nodeOf(world, 1);
  Object.assign(kernel, { isLoaded: false, leaseUntil: 0, worstUntil: 0, arms: [] });
  restart(world, 1, 50);
  after(world, A);
  return broken(world) ?? (kernel.isLoaded ? undefined : 'guard-is-reinstalled');
};

/** An orphaned child runs its fire while its successor has armed. */
const orphanFiresIntoSuccessorsArm: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  const node = nodeOf(world, 1);
  if (!until(world, () => node.process?.state.guard === 'firing')) return broken(world) ?? 'guard-opens';
  const line = world.queue.items.find((item) => item.kind === 'line' && item.what === 'fire' && item.node === node);
  const orphan = node.process?.child;
  if (line?.kind !== 'line' || orphan === undefined) return undefined;
  orphan.pausedUntil = world.time + 5 * A;
  restart(world, 1, 1500);
  if (!until(world, () => node.process?.state.guard === 'firing')) return broken(world);
  orphan.pausedUntil = 0;
  runLine(world, line);
  after(world, 2 * A);
  return broken(world);
};

/** A restart closes and hands over while an orphan's fire still waits. */
const orphanFiresAfterHandOver: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { policy: { armMs: A / 2 } });
  const node = nodeOf(world, 1);
  if (!until(world, () => node.process?.state.guard === 'firing')) return broken(world) ?? 'guard-opens';
  const orphan = node.process?.child;
  if (orphan === undefined) return undefined;
  orphan.pausedUntil = world.time + 3500;
  restart(world, 1, 10);
  after(world, 200);
  tell(world, 1, { kind: 'handOver', heir: 2 });
  after(world, 2 * A);
  return broken(world);
};

/** The process dies between the effects that resign. */
const dyingResigner: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  const node = nodeOf(world, 1);
  tell(world, 1, { kind: 'handOver', heir: 2 });
  if (!until(world, () => node.process?.state.guard === 'closing')) return broken(world);
  if (node.process !== undefined) Object.assign(node.process, { cutBy: 'kill', cutAfter: 1, cutMs: 700 });
  after(world, 3 * A);
  return broken(world);
};

/** A voter dies after its answer left; the holder relies on it. */
const dyingVoter: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  powerOff(nodeOf(world, 3));
  after(world, 3 * A);
  for (let round = 0; round < 5 && broken(world) === undefined; round++) {
    const voter = nodeOf(world, 2).process;
    if (voter !== undefined) Object.assign(voter, { cutBy: 'kill', cutAfter: 1, cutMs: 900 });
    after(world, 2 * A);
  }
  return broken(world);
};

/** The voter between two sides restarts within one boot. */
const restartedVoterRemembers: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  cutBoth(world, [1], [3]);
  after(world, 5 * A);
  for (let round = 0; round < 4 && broken(world) === undefined; round++) {
    restart(world, 2, 20);
    cutBoth(world, [1], [2]);
    after(world, 1.5 * A);
    cutBoth(world, [1], [2], 0);
    after(world, 10 * A);
    const holder = holderOf(world);
    if (holder?.id !== 1) return broken(world);
  }
  return broken(world);
};

/** Late answers to the process before reach the one that took its place. */
const lateAnswersAfterRestart: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  cutBoth(world, [1], [3]);
  after(world, 3 * A);
  const late: Parameters<typeof handle>[2][] = [];
  const seen = new Set<object>();
  restart(world, 1, 20);
  for (let step = 0; step < 250; step++) {
    after(world, 100);
    for (const item of world.queue.items) {
      if (item.kind !== 'deliver' || item.node.id !== 1 || item.datagram.kind !== 'renewAnswer' || seen.has(item))
        continue;
      seen.add(item);
      late.push(item.datagram);
    }
  }
  cut(world, [1], [2]);
  restart(world, 1, 20);
  for (let step = 0; step < 60 && broken(world) === undefined; step++) {
    after(world, 500);
    for (const answer of late) tell(world, 1, answer);
  }
  return broken(world);
};

/** The only one who knew the highest epoch is gone, the others booted, and their clocks are behind. */
const bootsForgetNoBallot: Probe['run'] = (subject) => bootsAfterHighEpoch(subject, 20 * A, 0);
/** The same with disks too slow to have written the ceiling. */
const slowDisksForgetNoBallot: Probe['run'] = (subject) => bootsAfterHighEpoch(subject, 200 * A, 6 * A);

function bootsAfterHighEpoch(subject: Subject, aheadMs: number, fsyncMs: number): string | undefined {
  const world = calmGroup(subject);
  for (const node of world.nodes) node.fsyncMs = fsyncMs;
  nodeOf(world, 1).clock.wallOffset = aheadMs;
  powerOff(nodeOf(world, 1));
  boot(world, nodeOf(world, 1));
  sayWell(world, nodeOf(world, 1));
  after(world, 4 * A);
  tell(world, 2, { kind: 'handOver', heir: 1 });
  after(world, 2 * A);
  for (const node of world.nodes) powerOff(node);
  for (const node of world.nodes) node.fsyncMs = 0;
  for (const id of [2, 3]) boot(world, nodeOf(world, id));
  after(world, 8 * A);
  return broken(world);
}

/** Two voters are removed one after the other while those who stay have not granted. */
const removalsWait: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { voters: 5, priorities: [200, 150, 100, 220, 90], seed: 4 });
  const holder = holderOf(world)?.id ?? 1;
  const [x, y, a, b] = [1, 2, 3, 4, 5].filter((id) => id !== holder);
  if (x === undefined || y === undefined || a === undefined || b === undefined) return undefined;
  cutBoth(world, [holder, x, y], [a, b]);
  after(world, 4 * A);
  tell(world, holder, { kind: 'changeVoters', voters: [holder, y, a, b].sort((p, q) => p - q) });
  after(world, 250);
  tell(world, holder, { kind: 'changeVoters', voters: [holder, a, b].sort((p, q) => p - q) });
  after(world, 250);
  if (setOf(world, holder).length === 3) {
    // One advert teaches the set to one of them, which tells the other.
    cut(world, [holder], [a], 0);
    until(world, () => nodeOf(world, a).process?.state.nextSet !== undefined);
    cut(world, [holder], [a]);
  }
  after(world, 4 * A);
  return broken(world);
};

/** Two voters are added one after the other while the lease runs on the grants of the first set. */
const additionsWait: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { spares: 2 });
  cutBoth(world, [1, 2], [3, 4, 5]);
  after(world, 4 * A);
  tell(world, 1, { kind: 'changeVoters', voters: [1, 2, 3, 4] });
  after(world, 250);
  tell(world, 1, { kind: 'changeVoters', voters: [1, 2, 3, 4, 5] });
  after(world, 250);
  if (setOf(world, 1).length === 5) {
    cutBoth(world, [1], [3, 4, 5], 0);
    until(world, () => [3, 4, 5].every((id) => setOf(world, id).length === 5));
    cutBoth(world, [1, 2], [3, 4, 5]);
  }
  after(world, 4 * A);
  return broken(world);
};

/** A longer lease, and a voter that boots meanwhile. */
const longerLeaseNeedsLongerSilence: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  tell(world, 1, { kind: 'retime', leaseMs: 6 * A });
  after(world, 0.5 * A);
  cutBoth(world, [1], [3]);
  after(world, 8 * A);
  if (nodeOf(world, 1).process?.state.set.leaseMs !== 6 * A) return broken(world);
  powerOff(nodeOf(world, 2));
  boot(world, nodeOf(world, 2));
  cutBoth(world, [1], [2]);
  after(world, 7 * A);
  return broken(world);
};

/** Two of three voters boot in turn while the holder lives. */
const bootsInTurn: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  cutBoth(world, [1], [3]);
  after(world, 4 * A);
  powerOff(nodeOf(world, 2));
  boot(world, nodeOf(world, 2));
  cutBoth(world, [1], [2]);
  after(world, 6 * A);
  return broken(world);
};

/** Cut off for longer than its lease while nobody else may hold, then heard again. */
const passedDeadlineStaysPassed: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  for (const id of [2, 3]) tell(world, id, { kind: 'quarantine', isOn: true });
  cutBoth(world, [1], [2, 3]);
  after(world, 3 * A);
  cutBoth(world, [1], [2, 3], 0);
  after(world, 3 * A);
  return broken(world);
};

const coldStart: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  for (const node of world.nodes) powerOff(node);
  for (const node of world.nodes) boot(world, node);
  const boundMs = (2.5 * A) / 0.9 + A;
  return isServedWithin(world, boundMs, () => isServed(world)) ? broken(world) : 'L15-cold-start';
};

const cloneFallsSilent: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { seed: 2 });
  clone(world, nodeOf(world, 1), 12 * A);
  after(world, 13 * A);
  return broken(world);
};

/** A clone that runs for a while, and is ended by the probe. */
function cloneOf(world: World, id: number): SimNode {
  const twin = clone(world, nodeOf(world, id), 1000 * A);
  after(world, 4 * A);
  return twin;
}

/**
 * A voter sleeps, its clone helps a holder to a high epoch that nobody else hears of, the voter wakes up, the clone is ended
 * and the holder is down: with the other voter, the one that stayed must not win a lower epoch.
 */
const clonedVoterLearns: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  nodeOf(world, 1).clock.wallOffset = 200 * A;
  cutBoth(world, [3], [1, 2]);
  freeze(world, nodeOf(world, 2), 5 * A, true, true);
  const twin = cloneOf(world, 2);
  after(world, 2 * A);
  powerOff(twin);
  powerOff(nodeOf(world, 1));
  keepSilenced(world, nodeOf(world, 2), true);
  cutBoth(world, [3], [1, 2], 0);
  after(world, 8 * A);
  if (broken(world) !== undefined) return broken(world);
  if (isServed(world)) return 'cloned-voter-learns';
  boot(world, nodeOf(world, 1));
  after(world, 6 * A);
  return broken(world) ?? (isServed(world) ? undefined : 'cloned-voter-learns');
};

/** A voter stood still, hears the clone that granted a lease meanwhile, and is restarted at once by whatever restarts processes. */
const silencedVoterIsMuteAfterRestart: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  for (const id of [2, 3]) tell(world, id, { kind: 'quarantine', isOn: true });
  cutBoth(world, [1], [2, 3]);
  after(world, 4 * A);
  freeze(world, nodeOf(world, 2), 5 * A, false, true);
  cutBoth(world, [1], [2], 0);
  const twin = cloneOf(world, 2);
  after(world, 1.01 * A);
  powerOff(twin);
  restart(world, 2, 200);
  after(world, 300);
  cutBoth(world, [1], [2]);
  tell(world, 3, { kind: 'quarantine', isOn: false });
  after(world, 8 * A);
  return broken(world);
};

export const probes: readonly Probe[] = [
  { name: 'transfer is fast', run: transferIsFast },
  { name: 'the heir carries the resignation', run: heirCarriesResignation },
  { name: 'a resignation moves', run: resignationMoves },
  { name: 'a late advert after a resignation', run: lateAdvertAfterResignation },
  { name: 'five equal members after a resignation', run: fiveEqualMembers },
  { name: 'a failure everywhere', run: failureEverywhere },
  { name: 'a bridge keeps the owner', run: bridgeKeepsOwner },
  { name: 'fail-static ends with the gateway', run: staticEndsWithGateway },
  { name: 'sleep closes', run: sleepCloses },
  { name: 'thaw closes', run: thawCloses },
  { name: 'moves are damped', run: dampedMoves },
  { name: 'a lone candidate is quiet', run: loneCandidateIsQuiet },
  { name: 'flushed rules are back', run: flushedRulesAreBack },
  { name: 'a start installs the rules', run: startInstallsRules },
  { name: "an orphan fires into its successor's arm", run: orphanFiresIntoSuccessorsArm },
  { name: 'an orphan fires after the hand-over', run: orphanFiresAfterHandOver },
  { name: 'a dying resigner', run: dyingResigner },
  { name: 'a dying voter', run: dyingVoter },
  { name: 'a restarted voter remembers', run: restartedVoterRemembers },
  { name: 'late answers after a restart', run: lateAnswersAfterRestart },
  { name: 'boots forget no ballot', run: bootsForgetNoBallot },
  { name: 'slow disks forget no ballot', run: slowDisksForgetNoBallot },
  { name: 'removals wait', run: removalsWait },
  { name: 'additions wait', run: additionsWait },
  { name: 'a longer lease needs longer silence', run: longerLeaseNeedsLongerSilence },
  { name: 'two of three boot in turn', run: bootsInTurn },
  { name: 'a passed deadline stays passed', run: passedDeadlineStaysPassed },
  { name: 'cold start', run: coldStart },
  { name: 'a clone falls silent', run: cloneFallsSilent },
  { name: 'a cloned voter learns', run: clonedVoterLearns },
  { name: 'a silenced voter is mute after a restart', run: silencedVoterIsMuteAfterRestart },
  { name: 'loss keeps the lease', run: lossKeepsLease },
];

// Directed probes of what a voter must remember, and of what it must not believe to remember.
import type { Probe } from './calm-group.ts';
import { after, broken, calmGroup, cut, cutBoth, isServed, nodeOf, restart, tell, until } from './calm-group.ts';
import { boot, freeze, powerOff } from './machine.ts';
import { holderOf, sayWell } from './members.ts';
import { clone, keepSilenced } from './memory.ts';
import type { SimNode } from './node.ts';
import type { handle } from './process.ts';
import type { Subject } from './schedule.ts';
import type { World } from './world-state.ts';
import { advertTicks } from './world-state.ts';

const A = advertTicks;

/** A voter dies after its answer left; the holder relies on it. */
const dyingVoter: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  cutBoth(world, [3], [1, 2]);
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

const cloneFallsSilent: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { seed: 2 });
  clone(world, nodeOf(world, 1), 12 * A);
  after(world, 13 * A);
  return broken(world);
};

/** The lease became longer than the terms that a voter's lost disk says, and the one it granted still runs when it has learnt. */
const lostDiskKnowsNoLongerTerm: Probe['run'] = (subject) => bootsWithLostDisk(subject, false);
/** It hears of the longer terms only while it learns. */
const learnerHearsOfLongerTerm: Probe['run'] = (subject) => {
  // A renewal under way when it has learnt would hide what it forgot; in some of these none is.
  for (let seed = 1; seed <= 6; seed++) {
    const violation = bootsWithLostDisk(subject, true, seed);
    if (violation !== undefined) return violation;
  }
  return undefined;
};

function bootsWithLostDisk(subject: Subject, isCutOffFirst: boolean, seed = 1): string | undefined {
  const world = calmGroup(subject, { seed });
  tell(world, 1, { kind: 'retime', leaseMs: 6 * A });
  after(world, 2 * A);
  tell(world, 1, { kind: 'retime', leaseMs: 6 * A });
  after(world, 2 * A);
  cutBoth(world, [1], [3]);
  after(world, 8 * A);
  const voter = nodeOf(world, 2);
  powerOff(voter);
  voter.durable = undefined;
  boot(world, voter);
  if (isCutOffFirst) {
    cutBoth(world, [2], [1, 3]);
    until(world, () => voter.process?.state.vote === 'learning');
    cutBoth(world, [2], [1, 3], 0);
  }
  until(world, () => voter.process?.state.vote === 'voting');
  cutBoth(world, [1], [2]);
  after(world, 8 * A);
  return broken(world);
}

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

export const memoryProbes: readonly Probe[] = [
  { name: 'a dying voter', run: dyingVoter },
  { name: 'a restarted voter remembers', run: restartedVoterRemembers },
  { name: 'late answers after a restart', run: lateAnswersAfterRestart },
  { name: 'boots forget no ballot', run: bootsForgetNoBallot },
  { name: 'slow disks forget no ballot', run: slowDisksForgetNoBallot },
  { name: 'a lost disk knows no longer term', run: lostDiskKnowsNoLongerTerm },
  { name: 'a learner hears of a longer term', run: learnerHearsOfLongerTerm },
  { name: 'two of three boot in turn', run: bootsInTurn },
  { name: 'a clone falls silent', run: cloneFallsSilent },
  { name: 'a cloned voter learns', run: clonedVoterLearns },
  { name: 'a silenced voter is mute after a restart', run: silencedVoterIsMuteAfterRestart },
];

// Directed probes of voter sets and terms that change.
import type { Probe } from './calm-group.ts';
import { after, broken, calmGroup, cut, cutBoth, nodeOf, setOf, tell, until } from './calm-group.ts';
import { boot, powerOff } from './machine.ts';
import { holderOf } from './members.ts';
import { advertTicks } from './world-state.ts';

const A = advertTicks;

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

/** For M the added voter is silent, and one of the others is away: the lease must not hang on either. */
const additionKeepsTheOwner: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { spares: 1 });
  const epoch = nodeOf(world, 1).process?.state.epoch;
  cutBoth(world, [1, 2, 4], [3]);
  after(world, 3 * A);
  tell(world, 1, { kind: 'changeVoters', voters: [1, 2, 3, 4] });
  after(world, 6 * A);
  const isKept = nodeOf(world, 1).process?.state.epoch === epoch;
  return broken(world) ?? (isKept ? undefined : 'L3-change-moves-nothing');
};

export const voterSetProbes: readonly Probe[] = [
  { name: 'removals wait', run: removalsWait },
  { name: 'additions wait', run: additionsWait },
  { name: 'an addition keeps the owner', run: additionKeepsTheOwner },
  { name: 'a longer lease needs longer silence', run: longerLeaseNeedsLongerSilence },
];

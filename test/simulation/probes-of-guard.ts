// Directed probes of what stands open: lines that come late, rules that are gone, sleep, and addresses kept without a majority.
import type { Probe } from './calm-group.ts';
import { after, broken, calmGroup, cut, cutBoth, isServedBy, nodeOf, restart, tell, until } from './calm-group.ts';
import { freeze, runLine } from './machine.ts';
import { setRate } from './node.ts';
import { startProcess } from './process.ts';
import { advertTicks } from './world-state.ts';

const A = advertTicks;

const staticEndsWithGateway: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { policy: { noMajority: 'fail-static' } });
  cutBoth(world, [1], [2, 3]);
  after(world, 3 * A);
  if (!isServedBy(world, 1)) return 'fail-static-serves';
  tell(world, 1, { kind: 'health', priority: 200, isHealthy: true, mayAct: true, isLinkUp: false, position: null });
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

/** Cut off at the end of a lease, on the slowest clock, the holder stands still for F; the others are on the fastest. */
const freezeWithinLease: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { policy: { freezeMs: A / 2 }, priorities: [200, 254, 253] });
  for (const node of world.nodes) setRate(node, world.time, node.id === 1 ? 0.9 : 1.1);
  after(world, 4 * A);
  cutBoth(world, [1], [2, 3]);
  after(world, A);
  freeze(world, nodeOf(world, 1), A / 2 - 1, false, false);
  after(world, 4 * A);
  return broken(world) ?? (isServedBy(world, 2) ? undefined : 'L1-one-owner-within-bound');
};

/** The process of the holder is gone when the machine falls asleep; the next one finds its lease in /run. */
const sleepBetweenProcessesCloses: Probe['run'] = (subject) => {
  const world = calmGroup(subject);
  const node = nodeOf(world, 1);
  if (node.process !== undefined) node.process.child.owner = undefined;
  node.process = undefined;
  freeze(world, node, 1.2 * A, true, true);
  after(world, 0.1 * A);
  cutBoth(world, [1], [2, 3]);
  after(world, 1.2 * A);
  startProcess(world, node);
  after(world, 0.3 * A);
  return broken(world) ?? (nodeOf(world, 1).process?.state.writes === 0 ? undefined : 'sleep-closes-guard');
};

/** The successor's adverts do not reach the thawed holder; two other peers' clocks do. */
const thawCloses: Probe['run'] = (subject) => {
  const world = calmGroup(subject, { voters: 5 });
  cut(world, [2], [1]);
  freeze(world, nodeOf(world, 1), 4 * A, false, true);
  after(world, 4.3 * A);
  return broken(world) ?? (isServedBy(world, 1) ? 'thaw-closes-guard' : undefined);
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

export const guardProbes: readonly Probe[] = [
  { name: 'sleep closes', run: sleepCloses },
  { name: 'a freeze within a lease', run: freezeWithinLease },
  { name: 'sleep between two processes closes', run: sleepBetweenProcessesCloses },
  { name: 'thaw closes', run: thawCloses },
  { name: 'flushed rules are back', run: flushedRulesAreBack },
  { name: 'a start installs the rules', run: startInstallsRules },
  { name: "an orphan fires into its successor's arm", run: orphanFiresIntoSuccessorsArm },
  { name: 'an orphan fires after the hand-over', run: orphanFiresAfterHandOver },
  { name: 'a dying resigner', run: dyingResigner },
  { name: 'a passed deadline stays passed', run: passedDeadlineStaysPassed },
  { name: 'fail-static ends with the gateway', run: staticEndsWithGateway },
];

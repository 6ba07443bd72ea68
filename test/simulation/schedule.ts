// One schedule: a seed decides the group, its terms, its clocks and its faults. First a safety phase, then everything
// heals and the group must find one owner within the bound of rule 15 and keep it.
import type { Decide } from '../../services/failover/lease/decide.ts';
import { createDecide, decide } from '../../services/failover/lease/decide.ts';
import type { Row } from '../../services/failover/lease/events.ts';
import type { LeaseRules } from '../../services/failover/lease/rules.ts';
import { leaseRules } from '../../services/failover/lease/rules.ts';
import { leaseRows } from '../../services/failover/lease/table.ts';
import type { LeasePolicy } from '../../services/failover/lease/terms.ts';
import { ballotOf, clockDrift } from '../../services/failover/lease/terms.ts';
import type { VoterSet } from '../../services/protocol/lease.ts';
import { compose, composedPercent, drawFaults, healsAt } from './draw-faults.ts';
import { createQueue } from './event-queue.ts';
import type { Fault } from './faults.ts';
import { inject } from './faults.ts';
import { healAll } from './heal.ts';
import { sayWell } from './members.ts';
import { createNode, isOpen } from './node.ts';
import { startProcess } from './process.ts';
import type { Random } from './random.ts';
import { between, chance, pick, randomOf } from './random.ts';
import { createSafety, violate } from './safety.ts';
import { runUntil } from './world.ts';
import type { Shell, Violation, World } from './world-state.ts';
import { advertTicks, at, maxNodes, soundShell } from './world-state.ts';

const A = advertTicks;
const lengthMin = 60 * A;

/** Composed schedules and what operators do have a stream of their own, so that most of seeds.txt stays what it was. */
const asideOfSeed = 0x5bd1e995;

/** The machine under test and the shell around it. */
export type Subject = {
  readonly decide: Decide;
  readonly rules: LeaseRules;
  readonly rows: readonly Row[];
  readonly shell: Shell;
};
export const soundSubject: Subject = { decide, rules: leaseRules, rows: leaseRows, shell: soundShell };
export const subjectOf = (rules: LeaseRules, rows: readonly Row[], shell: Shell): Subject => ({
  decide: createDecide(rules, rows),
  rules,
  rows,
  shell,
});

export type Outcome = {
  readonly violations: readonly Violation[];
  readonly faults: readonly Fault[];
  readonly events: number;
  readonly moves: number;
  readonly lengthTicks: number;
  readonly world: World;
};

const rowTimes = new Int32Array(leaseRows.length);

export function policyFrom(random: Random, rules: LeaseRules): { policy: LeasePolicy; leaseMs: number } {
  const freezeMs = chance(random, 40) ? pick(random, [A / 2, (2 * A) / 5]) : 0;
  const policy: LeasePolicy = {
    advertMs: A,
    freezeMs,
    rttMs: 200,
    armMs: pick(random, [200, 2000, A / 2]),
    rankStepMs: pick(random, [400, 1000]),
    preempts: chance(random, 40),
    preemptDelayMs: pick(random, [0, 2 * A]),
    noMajority: chance(random, 25) ? 'fail-static' : 'hold-down',
    lagMax: chance(random, 25) ? 2000 : undefined,
    movesBudget: 3,
    movesWindowMs: 100 * A,
    ceilingAheadMs: 32 * A,
  };
  return { policy, leaseMs: rules.leaseMs(A, freezeMs) };
}

/** A world of running processes, none mute, the first election still to come. */
export function createWorld(
  random: Random,
  subject: Subject,
  group: {
    voters: number;
    spares: number;
    witness: boolean;
    policy: LeasePolicy;
    leaseMs: number;
    priorities: readonly number[];
    aside: Random;
  },
): World {
  const voters = Array.from({ length: group.voters }, (_, place) => place + 1);
  const configured: VoterSet = { version: 1, epoch: 0, voters, leaseMs: group.leaseMs, leaseMsMax: group.leaseMs };
  const world: World = {
    time: 0,
    queue: createQueue(),
    random,
    aside: group.aside,
    isComposed: false,
    struck: undefined,
    policy: group.policy,
    decide: subject.decide,
    rules: subject.rules,
    shell: subject.shell,
    nodes: [],
    clones: [],
    network: {
      cuts: new Int8Array(maxNodes * maxNodes),
      lossPercent: 0,
      twicePercent: 0,
      delayLow: 40,
      delayHigh: 160,
    },
    configured,
    safety: createSafety(),
    events: 0,
    disksLost: 0,
    starts: 0,
    rowTimes,
    trace: undefined,
  };
  rowTimes.fill(-1);
  for (let id = 1; id <= group.voters + group.spares; id++) {
    const node = createNode(id, {
      isWitness: group.witness && id === group.voters,
      priority: group.witness && id === group.voters ? 0 : (group.priorities[id - 1] ?? 100),
      rate: between(random, 900, 1100) / 1000,
      base: between(random, 2000, 50_000),
    });
    const ceiling = ballotOf(32 * A, 0);
    node.durable = {
      set: configured,
      ceiling,
      wonEpoch: 0,
      holderPosition: null,
      isQuarantined: false,
      mustLearn: false,
    };
    node.backup = node.durable;
    node.run = {
      bootedAt: 1,
      mutedUntil: 0,
      mustLearn: false,
      promised: 0,
      acceptedEpoch: 0,
      acceptedBy: 0,
      acceptedUntil: 0,
      resigned: 0,
      epoch: 0,
      deadline: 0,
    };
    world.nodes.push(node);
    at(world, between(random, 0, A / 4), () => {
      startProcess(world, node);
      sayWell(world, node);
    });
  }
  return world;
}

export function runSeed(seed: number, subject: Subject, trace?: (line: string) => void): Outcome {
  const random = randomOf(seed);
  const { policy, leaseMs } = policyFrom(random, subject.rules);
  const voters = pick(random, [3, 3, 3, 3, 3, 4, 5]);
  const plain = drawFaults(random, leaseMs);
  const aside = randomOf(seed ^ asideOfSeed);
  const isComposed = chance(aside, composedPercent);
  const faults = isComposed ? compose(aside, plain, voters, leaseMs) : plain;
  const spares = faults.some((fault) => fault.kind === 'changeVoters') ? 2 : 0;
  const witness = chance(random, 30);
  const priorities = chance(random, 30) ? [] : [200, 150, 100, 90, 80];
  const world = createWorld(random, subject, { voters, spares, witness, policy, leaseMs, priorities, aside });
  world.isComposed = isComposed;
  world.trace = trace;
  if (trace !== undefined) {
    trace(`seed ${seed}: ${voters} voters${witness ? ' (the last a witness)' : ''}, ${JSON.stringify(policy)}`);
    for (const { kind, at: time, ms, on } of faults)
      trace(`  fault ${kind}${on === undefined ? '' : ` on n${on}`} at ${time / A} A for ${ms / A} A`);
  }
  for (const { kind, at: time, ms, on } of faults)
    at(world, time, () => {
      world.struck = on === undefined ? undefined : world.nodes[on - 1];
      trace?.(`${(time / A).toFixed(3).padStart(8)} fault ${kind}`);
      inject[kind](world, ms);
    });
  runUntil(world, healsAt);
  const lengthTicks = world.safety.violations.length > 0 ? world.time : live(world, faults);
  return {
    violations: world.safety.violations,
    faults,
    events: world.events,
    moves: world.safety.moves,
    lengthTicks,
    world,
  };
}

/** The healed phase. Returns the true time at which the schedule ended. */
function live(world: World, faults: readonly Fault[]): number {
  const { policy } = world;
  const loses = faults.some(
    ({ kind }) =>
      kind === 'torn' || kind === 'wiped' || kind === 'changeVoters' || kind === 'restored' || kind === 'clone',
  );
  const downForGood = !loses && chance(world.random, 20) ? between(world.random, 1, world.configured.voters.length) : 0;
  world.trace?.(
    `${(world.time / A).toFixed(3).padStart(8)} everything heals${downForGood === 0 ? '' : `, but n${downForGood} stays down`}`,
  );
  healAll(world, downForGood);
  const term = Math.max(...world.nodes.map((node) => node.durable?.set.leaseMsMax ?? 0), world.configured.leaseMsMax);
  const skew = A + world.nodes.length * policy.rankStepMs;
  const bound = Math.ceil((2 * term) / (1 - clockDrift) + skew + 2 * A);
  runUntil(world, healsAt + bound);
  if (world.safety.violations.length > 0) return world.time;
  const owners = world.nodes.filter((node) => isOpen(node, world.time) && !node.kernel.isStatic);
  if (owners.length !== 1 || world.nodes.some((node) => isOpen(node, world.time) && node.kernel.isStatic))
    violate(
      world,
      'L1-one-owner-within-bound',
      `${owners.length} owners ${(bound / A).toFixed(1)} A after everything healed`,
    );
  if (world.safety.violations.length > 0) return world.time;
  const owner = world.safety.owner;
  const moves = world.safety.moves;
  const end = Math.max(lengthMin, healsAt + bound + 5 * A);
  runUntil(world, end);
  if (world.safety.violations.length > 0) return world.time;
  if (world.safety.moves - moves > (policy.preempts ? 1 : 0))
    violate(world, 'L2-owner-is-kept', `${world.safety.moves - moves} moves although all is well`);
  else if (!world.nodes.some((node) => isOpen(node, world.time)))
    violate(world, 'L2-owner-is-kept', `n${owner} lost the lease although all is well`);
  return end;
}

// One rule of lease.md taken away at a time, as data. Each must be caught, by a schedule or by a directed probe.

import type { Row } from '../../services/failover/lease/events.ts';
import type { LeaseRules } from '../../services/failover/lease/rules.ts';
import { leaseRules, newestOf } from '../../services/failover/lease/rules.ts';
import { leaseRows } from '../../services/failover/lease/table.ts';
import { probes } from './probes.ts';
import { prepareIsWon, without } from './row-changes.ts';
import { runSeed, subjectOf } from './schedule.ts';
import type { Shell } from './world-state.ts';
import { soundShell } from './world-state.ts';

export type Mutant = {
  readonly name: string;
  /** The rule of lease.md that is missing. */
  readonly rule: string;
  readonly rules?: Partial<LeaseRules>;
  readonly rows?: (rows: readonly Row[]) => readonly Row[];
  readonly shell?: Partial<Shell>;
};

const yes = (): boolean => true;
const no = (): boolean => false;

export const mutants: readonly Mutant[] = [
  {
    name: 'answer-echo',
    rule: '1: an answer is about the round it echoes',
    rules: { roundAnswered: (_echo, newest) => newest },
  },
  { name: 'nonce-echo', rule: '1: an answer echoes the nonce', rules: { answersThisNonce: yes } },
  { name: 'nonce', rule: '1: a restarted process draws a new nonce', shell: { drawsNewNonce: false } },
  { name: 'send-time', rule: '1: the deadline runs from the send time', rules: { provenAt: (_sentAt, now) => now } },
  {
    name: 'quorum-th',
    rule: '1: the quorum-th newest send time answered',
    rules: { newestOfQuorum: (peers) => newestOf(peers, 1) },
  },
  {
    name: 'now-after-receive',
    rule: '1: now is read after the datagram was received',
    shell: { readsClockAfterReceive: false },
  },
  {
    name: 'run-before-send',
    rule: '1: /run is written before what it records is sent',
    shell: { writesRunFirst: false },
  },
  { name: 'drift-margin', rule: '2: T_h = 0.8·T − F', rules: { holdMs: (leaseMs) => leaseMs } },
  { name: 'freeze-margin', rule: '2: T_h leaves F', rules: { holdMs: (leaseMs) => 0.8 * leaseMs } },
  { name: 'suspend', rule: '2: a gap of boot time closes the guard and mutes', rules: { seesSuspend: no } },
  {
    name: 'suspend-without-process',
    rule: '2: a gap of boot time closes the guard, also one that no process saw',
    rows: (rows) => without(rows, 'role starting suspended always'),
  },
  { name: 'clock-jump', rule: "2: a jump against two peers' clocks demotes", rules: { seesClockJump: no } },
  { name: 'arm', rule: '3: a line that waited is refused', rules: { needsArm: no } },
  { name: 'arm-key', rule: '3: the key was never used before in this boot', rules: { armKey: () => 1 } },
  { name: 'arm-timeout', rule: '3: an arm is gone after τ', rules: { armForMs: () => 1_000_000 } },
  { name: 'close-deletes-arms', rule: '3: close deletes every arm', rules: { closesArms: no } },
  {
    name: 'deadline-not-duration',
    rule: '3: effects carry deadlines',
    rules: { fireTimeoutMs: (deadline, _now, armMs, decidedAt) => deadline - decidedAt - armMs },
  },
  {
    name: 'fire-less-tau',
    rule: '3: the timeout is less τ',
    rules: { fireTimeoutMs: (deadline, now) => deadline - now },
  },
  { name: 'close-at-start', rule: '3: a starting process closes first', rules: { closesAtStart: no } },
  {
    name: 'acknowledge-before-resign',
    rule: '4: guard closed and acknowledged, then resigned',
    rules: { resignsAfterClose: no },
  },
  {
    name: 'resigned-is-kept',
    rule: '4: a voter ignores every epoch at or below the highest resigned',
    rules: { keepsResigned: yes },
  },
  { name: 'resigner-waits', rule: '4: the resigner does not contend for 2·A', rules: { waitsAfterResigning: () => 0 } },
  {
    name: 'heir-first',
    rule: '4: the heir prepares without skew, others wait one A',
    rules: { heirGoesFirst: () => 0 },
  },
  {
    name: 'carried-resignation',
    rule: '4: its prepare carries the resignation',
    rules: { carriesResignation: () => 0 },
  },
  { name: 'stop-renewing', rule: '5: a passed deadline is never renewed', rules: { isOver: no } },
  { name: 'voter-version', rule: '6: answers are counted within one version', rules: { isSameSet: yes } },
  {
    name: 'next-change-waits',
    rule: '6: the next change waits for every voter (and for a majority that answers)',
    rules: { mayChangeAgain: yes, mayCarryOn: yes },
  },
  {
    name: 'new-set-carries-on',
    rule: '6: a change waits until a majority of the new set answers',
    rules: { mayCarryOn: yes },
  },
  {
    name: 'new-voter-mute',
    rule: '6: a voter new to the set is silent for M (with the wait for every voter)',
    rules: { isNewVoterMute: no, mayChangeAgain: yes, mayCarryOn: yes },
  },
  { name: 'term-known', rule: '6: T is raised only under an M that every voter has', rules: { isTermKnown: yes } },
  {
    name: 'M-of-newer-set',
    rule: '6, 7: who booted with an older M is silent for the larger one',
    rules: { isLongerTerm: no },
  },
  {
    name: 'learns-within-one-set',
    rule: '6, 7: what was learnt under one version does not count under the next',
    rules: { learnsWithinOneSet: no },
  },
  { name: 'M', rule: '7: a rebooted voter is silent for M', rules: { muteMs: () => 0 } },
  { name: 'ceiling', rule: '7: a voter restarts from its ceiling', rules: { restartBallot: () => 0 } },
  { name: 'ceiling-durable', rule: '7: nothing above the durable ceiling is promised', rules: { isBelowCeiling: yes } },
  {
    name: 'live-lease-refuses',
    rule: '7, 9: a voter with a live lease refuses others (prepare and accept)',
    rules: { isFree: yes, isFreeToPromise: yes },
  },
  {
    name: 'live-lease-refuses-accept',
    rule: '7: a voter with a live lease accepts no other, nor an older promise',
    rules: { isFree: yes, isPromised: yes },
  },
  { name: 'accepted-in-run', rule: '7: accepted state is kept in /run', shell: { readsRun: false } },
  { name: 'prepare-is-not-won', rule: '8: the epoch is the won ballot', rows: prepareIsWon },
  { name: 'prepare-fences-nobody', rule: '8: a mere prepare fences nobody', rules: { fencesBelow: yes } },
  {
    name: 'promise-stands',
    rule: '9: a promise stands for 4·RTT, and ranks differ',
    rules: { isPromiseStanding: no, rankSkew: () => 0 },
  },
  { name: 'rest-after-failure', rule: '9: a candidate waits after a failure', rules: { restAfterFailure: () => 0 } },
  {
    name: 'retries',
    rule: '11: a renewal without a majority is sent again',
    rules: { retryAfterMs: (_retryMs, advertMs) => advertMs },
  },
  {
    name: 'priority-moves-the-wait',
    rule: '12: a priority change never restarts the wait',
    rules: { skewFrom: (_base, now) => now },
  },
  {
    name: 'damping',
    rule: '13: moves away from a living holder have a budget',
    rules: { mayPreempt: (isBetter) => isBetter },
  },
  {
    name: 'moves-only-to-the-fit',
    rule: '13: a failure that is everywhere moves nothing',
    rules: { mayAnswerHardFailure: yes },
  },
  {
    name: 'lag-of-last-renewal',
    rule: '14: a dead source does not make a known lag unknown',
    rules: { isLagKnown: (position, isAlive) => position !== null && isAlive },
  },
  { name: 'clone', rule: 'parts: a number heard under another nonce is silenced', rules: { isClone: no } },
  {
    name: 'cloned-voter-learns',
    rule: '7, parts: whoever heard a clone of itself learns before it votes again',
    rules: { clonedMustLearn: no },
  },
  {
    name: 'silenced-restart-is-mute',
    rule: '7, parts: a voter that must learn is silent for M after each start',
    rules: { trustsRun: yes },
  },
  { name: 'static-gateway', rule: 'no majority: fail-static ends with the gateway', rules: { leavesStatic: no } },
  {
    name: 'static-later-epoch',
    rule: 'no majority: fail-static ends at a later epoch',
    rows: (rows) => without(rows, 'role unconfirmed renew isLaterEpoch'),
  },
  {
    name: 'reinstall',
    rule: 'guard: a flushed ruleset is put back',
    rows: (rows) => without(rows, 'role holding|unconfirmed guardLost always'),
  },
];

const seedsMax = 4_000;

export type MutantResult = {
  readonly mutants: number;
  readonly caught: number;
  readonly survivors: readonly string[];
  readonly caughtBy: Readonly<Record<string, string>>;
};

/** How one mutant is caught: by a probe, or by the first seed that shows it; undefined when it survives. */
export function catchMutant(mutant: Mutant, seeds: number): string | undefined {
  const rules = { ...leaseRules, ...mutant.rules };
  const rows = mutant.rows?.(leaseRows) ?? leaseRows;
  const subject = subjectOf(rules, rows, { ...soundShell, ...mutant.shell });
  for (const probe of probes) {
    const violation = probe.run(subject);
    if (violation !== undefined) return `${violation} (probe ${probe.name})`;
  }
  for (let seed = 0; seed < seeds; seed++) {
    const [first] = runSeed(seed, subject).violations;
    if (first !== undefined) return `${first.invariant} (seed ${seed})`;
  }
  return undefined;
}

export function runMutants(say: (line: string) => unknown): MutantResult {
  const caughtBy: Record<string, string> = {};
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const by = catchMutant(mutant, seedsMax);
    say(`${mutant.name.padEnd(28)} ${by ?? 'SURVIVES'}    ${mutant.rule}`);
    if (by === undefined) survivors.push(mutant.name);
    else caughtBy[mutant.name] = by;
  }
  return { mutants: mutants.length, caught: mutants.length - survivors.length, survivors, caughtBy };
}

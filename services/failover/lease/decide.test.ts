import { describe, expect, test } from 'vitest';
import type { LeaseDatagram, LeaseDurable, VoterSet } from '../../protocol/lease.ts';
import { leaseDatagramSchema, leaseDurableSchema, leaseRunSchema } from '../../protocol/lease.ts';
import { decide } from './decide.ts';
import type { Effect, ShellEvent } from './events.ts';
import { leaseRules } from './rules.ts';
import type { LeaseState } from './state.ts';
import { durableRecordOf, runRecordOf, startState } from './state.ts';
import { ballotMs, ballotOf, holdMsOf, leaseMsOf, policyOf, skewMs } from './terms.ts';

const policy = policyOf({ advertMs: 1000, rttMs: 2 });
const set: VoterSet = { version: 1, epoch: 0, voters: [1, 2, 3], leaseMs: 2500, leaseMsMax: 2500 };
const durable: LeaseDurable = {
  set,
  ceiling: ballotOf(1_800_000_060_000, 0),
  wonEpoch: 0,
  holderPosition: null,
  isQuarantined: false,
  mustLearn: false,
};

/** One member and the datagrams that the test passes to it and takes from it. */
function memberOf(self: number, now = 10_000) {
  let state: LeaseState = startState({
    self,
    nonce: self * 10,
    isWitness: false,
    priority: 100,
    durable,
    run: undefined,
    configured: set,
    now,
    policy,
    rules: leaseRules,
  });
  const give = (event: ShellEvent | LeaseDatagram, at: number): readonly Effect[] => {
    const input = { events: [event], now: at, bootMs: at, unixMs: 1_800_000_000_000 + at, policy };
    const decision = decide(state, input);
    expect(decide(state, input), 'the same input gives the same decision').toEqual(decision);
    state = decision.state;
    // A disk without delay.
    const isPersisting = decision.effects.some((effect) => effect.kind === 'persist');
    return isPersisting
      ? [...decision.effects, ...give({ kind: 'persisted', record: durableRecordOf(state) }, at)]
      : decision.effects;
  };
  return { give, state: () => state };
}
const sentBy = (effects: readonly Effect[]): LeaseDatagram[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.datagram] : []));

describe('terms', () => {
  test.each([
    ['lan', 100, 0],
    ['cloud', 1000, 500],
    ['wan', 5000, 2000],
  ])('%s: the holder holds 2·A, and no clock makes it outlive the voters', (_name, advertMs, freezeMs) => {
    const leaseMs = leaseMsOf(advertMs, freezeMs);
    const holdMs = holdMsOf(leaseMs, freezeMs);
    expect(holdMs).toBeCloseTo(2 * advertMs, 6);
    expect(holdMs / 0.9 + freezeMs).toBeLessThan(leaseMs / 1.1);
  });
  test('a ballot keeps its milliseconds and its voter, in order, as a safe integer', () => {
    const ballot = ballotOf(4_102_444_800_000, 255);
    expect(Number.isSafeInteger(ballot)).toBe(true);
    expect(ballotMs(ballot)).toBe(4_102_444_800_000);
    expect(ballotOf(5, 255)).toBeLessThan(ballotOf(6, 1));
  });
  test('skew is that of VRRP, and a step a rank', () => {
    expect(skewMs(policy, 0, 0)).toBe(1000);
    expect(skewMs(policy, 192, 0)).toBe(250);
    expect(skewMs(policy, 192, 2)).toBe(270);
  });
});

describe('a booting member', () => {
  test('closes its guard first, and drops what it hears until that is acknowledged', () => {
    const member = memberOf(1);
    expect(member.give({ kind: 'start' }, 10_000).map(({ kind }) => kind)).toEqual(['send', 'close']);
    const other = memberOf(2);
    other.give({ kind: 'start' }, 10_000);
    const [hello] = sentBy(other.give({ kind: 'closed' }, 10_001));
    expect(hello).toBeUndefined();
    expect(member.give({ kind: 'timer' }, 10_050)).toEqual([]);
    expect(member.give({ kind: 'closed' }, 10_100).map(({ kind }) => kind)).toEqual(['run', 'withdraw']);
  });

  test('is silent for M, then asks, prepares, proposes and wins with one other', () => {
    const [one, two] = [memberOf(1), memberOf(2)];
    for (const member of [one, two]) {
      member.give({ kind: 'start' }, 10_000);
      member.give({ kind: 'closed' }, 10_001);
      member.give({ kind: 'timer' }, 12_500);
    }
    let now = 13_200;
    let questions = sentBy(one.give({ kind: 'timer' }, now));
    const kinds: string[] = [];
    while (one.state().role !== 'holding' && kinds.length < 10) {
      const [question] = questions;
      expect(question).toBeDefined();
      if (question === undefined) return;
      kinds.push(question.kind);
      now += 1;
      const [answer] = sentBy(two.give(question, now));
      if (answer === undefined) return;
      expect(leaseDatagramSchema.parse(question)).toEqual(question);
      expect(leaseDatagramSchema.parse(answer)).toEqual(answer);
      now += 1;
      questions = sentBy(one.give(answer, now));
    }
    expect(kinds).toEqual(['poll', 'prepare', 'propose']);
    const { epoch, deadline } = one.state();
    expect(epoch).toBeGreaterThan(0);
    // T_h from when the proposal was sent, two milliseconds before its answer came.
    expect(deadline).toBe(now - 2 + 2000);
    expect(leaseRunSchema.parse(runRecordOf(one.state()))).toMatchObject({ epoch, deadline });
    expect(leaseDurableSchema.parse(durableRecordOf(one.state())).wonEpoch).toBe(epoch);

    // The deadline passes while a line to the kernel is under way: that line opens nothing, and the next one closes.
    one.give({ kind: 'timer' }, deadline);
    const { writeKey: key } = one.state();
    expect(one.give({ kind: 'armed', key, isDone: true }, deadline + 1).map(({ kind }) => kind)).toEqual(['close']);
    expect(one.state()).toMatchObject({ role: 'out', epoch: 0 });
  });
});

// The loop of one group: events in, one decision each, its effects carried out in order. It decides nothing itself.
import type { Decide } from '../failover/lease/decide.ts';
import type { Effect, Row, ShellEvent } from '../failover/lease/events.ts';
import { leaseRules } from '../failover/lease/rules.ts';
import type { LeaseState } from '../failover/lease/state.ts';
import { durableRecordOf, runRecordOf } from '../failover/lease/state.ts';
import type { LeasePolicy } from '../failover/lease/terms.ts';
import type { LeaseDatagram, LeaseDurable, LeaseRun } from '../protocol/lease.ts';
import type { LeaseClocks } from './clocks.ts';
import type { Guard } from './guard/guard-port.ts';
import type { LeaseHistory } from './history.ts';

/** Events that effects bring about at once wait here; there is at most one for each effect of a decision. */
export const eventsWaitingMax = 256;

export type GroupLoop = {
  /** Decides at once, or after the decision under way; the rows taken are returned when it was at once. */
  readonly handle: (event: ShellEvent | LeaseDatagram) => readonly Row[];
  readonly state: () => LeaseState;
  readonly stop: () => void;
};

const alarmSentences = {
  clone:
    'Another process uses the number of this voter, so both are silent. End one of the two machines for good and restart the lease process of the other: it is silent for M, asks a majority of the other voters how high ballots have risen, and votes again.',
  'must-ask-operator':
    'What this voter promised before is not all known here: its state was lost, or a copy of it ran. It asks how high ballots have risen, and votes once as many of the others have answered as make a majority. Where so many never will, stop the lease process of every voter and make the group anew: another incarnation in every configuration, the old voter files moved away, --init on each.',
  'guard-lost': "Somebody else took the guard's rules away; closed rules are put back.",
} as const;

/** Runs from now on, until stopped; give it `start` first. A throw of `decide` is a bug and passes through. */
export function createGroupLoop(
  initial: LeaseState,
  policy: LeasePolicy,
  deps: {
    readonly decide: Decide;
    readonly clocks: LeaseClocks;
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly guard: Guard;
    readonly send: (to: number, datagram: LeaseDatagram) => void;
    /** Synchronous: what follows in the same decision is sent only when it is written. */
    readonly writeRun: (run: LeaseRun) => void;
    readonly writeDurable: (record: LeaseDurable) => void;
    readonly history: LeaseHistory;
    readonly onAlarm: (about: keyof typeof alarmSentences, sentence: string) => void;
  },
): GroupLoop {
  const { clocks, guard, history } = deps;
  let state = initial;
  let cancelTimer: (() => void) | undefined;
  let isDeciding = false;
  let isStopped = false;
  const waiting: (ShellEvent | LeaseDatagram)[] = [];

  function handle(event: ShellEvent | LeaseDatagram): readonly Row[] {
    if (isStopped) return [];
    if (isDeciding) {
      if (waiting.length >= eventsWaitingMax) throw new RangeError('more events wait than effects can bring about');
      waiting.push(event);
      return [];
    }
    isDeciding = true;
    let wakeAt = 0;
    const rows: Row[] = [];
    try {
      for (let next: ShellEvent | LeaseDatagram | undefined = event; next !== undefined; next = waiting.shift()) {
        wakeAt = decideOne(next, rows);
        // What is due already need not wait for a timer, which takes a millisecond; once, so that the socket is read as well.
        const isDue = waiting.length === 0 && next.kind !== 'timer' && wakeAt <= clocks.monotonicMs();
        if (isDue) waiting.push({ kind: 'timer' });
      }
    } finally {
      isDeciding = false;
    }
    cancelTimer?.();
    if (!isStopped)
      cancelTimer = deps.after(Math.max(0, Math.ceil(wakeAt - clocks.monotonicMs())), () => handle({ kind: 'timer' }));
    return rows;
  }

  function decideOne(event: ShellEvent | LeaseDatagram, rows: Row[]): number {
    const before = state;
    // The boot clock first: between the two readings the monotonic clock only gains.
    const bootMs = clocks.bootMs();
    const now = clocks.monotonicMs();
    const decision = deps.decide(before, { events: [event], now, bootMs, unixMs: clocks.unixMs(), policy });
    state = decision.state;
    rows.push(...decision.reasons);
    history.note(decision.reasons, event.kind, before, state);
    for (const effect of decision.effects) carryOut(effect);
    return decision.wakeAt;
  }

  function carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.to !== 0) deps.send(effect.to, effect.datagram);
        else
          for (const voter of effect.datagram.set.voters) if (voter !== state.self) deps.send(voter, effect.datagram);
        return;
      case 'run':
        deps.writeRun(runRecordOf(state));
        return;
      case 'persist':
        deps.writeDurable(durableRecordOf(state));
        return;
      case 'arm': {
        const { key } = effect;
        guard.arm(key, effect.forMs, (isDone) => handle({ kind: 'armed', key, isDone }));
        return;
      }
      case 'fire': {
        const { key, deadline, decidedAt } = effect;
        const timeoutMs = () => leaseRules.fireTimeoutMs(deadline, clocks.monotonicMs(), policy.armMs, decidedAt);
        guard.fire(key, timeoutMs, (isDone) => handle({ kind: 'fired', key, isDone }));
        return;
      }
      case 'close':
        guard.close(() => handle({ kind: 'closed' }));
        return;
      case 'assert':
        guard.assert(effect.epoch, effect.deadline);
        return;
      case 'announce':
        guard.announce(() => isOpenUnder(effect.epoch));
        return;
      case 'withdraw':
        guard.withdraw();
        return;
      case 'alarm':
        history.say(alarmSentences[effect.about], state);
        deps.onAlarm(effect.about, alarmSentences[effect.about]);
        return;
    }
  }

  function isOpenUnder(epoch: number): boolean {
    const isHeld = state.epoch === epoch || state.staticEpoch === epoch;
    return isHeld && !state.mustClose && clocks.monotonicMs() < state.openUntil;
  }

  return {
    handle,
    state: () => state,
    stop: () => {
      isStopped = true;
      cancelTimer?.();
    },
  };
}

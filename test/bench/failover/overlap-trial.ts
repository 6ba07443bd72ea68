// One trial: the group settles, something is cut or done at any phase of the lease, time passes, it is mended; and what every host put
// on the wire meanwhile is compared.
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../lease/lease-cluster.ts';
import type { Emission, EmissionKind } from './overlap-emissions.ts';
import { intervalsOf, overlapMs } from './overlap-intervals.ts';
import type { Link } from './overlap-shapes.ts';
import { type OverlapWorld, settled } from './overlap-world.ts';
import { machineMs } from './probe-log.ts';

/** Host indexes in the order of positions: the owner first, then the others in the order of their numbers. */
type Positions = readonly number[];
export type Trial = {
  readonly name: string;
  readonly cut: readonly Link[];
  readonly act?: (world: OverlapWorld, at: Positions) => Promise<void>;
  /** Undoes what was done, before the group settles again. */
  readonly mend?: (world: OverlapWorld, at: Positions) => Promise<void>;
};
export type TrialResult = {
  readonly name: string;
  readonly overlapMs: number;
  /** The same without what IPv6 sockets that were open go on sending from an address that has left the host: answers alone. */
  readonly answersOverlapMs: number;
  /** Whether another host speaks at the end than at the beginning. */
  readonly isMoved: boolean;
  /** Ways in which the addresses were spoken for, by family. */
  readonly kinds: readonly string[];
  /** Between two questions to all hosts. */
  readonly gapsMs: readonly number[];
  /** By the hosts' own counters: all frames that left, and those of hosts of which the capture heard nothing; null after a flush. */
  readonly counted: { readonly frames: number; readonly unheard: number } | null;
  readonly frames: number;
};

/** The capture tells of an instant this much later at most, where nobody speaks after it. */
const captureLagMs = 300;
/** A lease, the skew of the last, a poll; and as long again for who takes over from that one. In units of A. */
const observedAdverts = 9;

/** A capture that lost more than this heard too little to judge by. */
const lostShareMax = 0.01;
const attemptsMax = 3;

/** Again while the capture lost too much of what was said; an overlap that any attempt showed stands. */
export async function runTrial(world: OverlapWorld, trial: Trial, advertMs: number): Promise<TrialResult> {
  let worst: TrialResult | undefined;
  for (let attempt = 1; ; attempt++) {
    const result = await attemptTrial(world, trial, advertMs);
    worst = {
      ...result,
      overlapMs: Math.max(result.overlapMs, worst?.overlapMs ?? 0),
      answersOverlapMs: Math.max(result.answersOverlapMs, worst?.answersOverlapMs ?? 0),
    };
    const sent = result.counted?.frames ?? 0;
    if (result.frames >= sent * (1 - lostShareMax) || attempt === attemptsMax) return worst;
  }
}

async function attemptTrial(world: OverlapWorld, trial: Trial, advertMs: number): Promise<TrialResult> {
  const owner = await settled(world);
  const at = [owner, ...world.nodes.map((_, index) => index).filter((index) => index !== owner)];
  const epochAhead = Date.now() - machineMs();
  const epochMs = () => machineMs() + epochAhead;
  world.capture.forgetBefore(Number.POSITIVE_INFINITY);
  world.resetCounts();
  await pause(advertMs * (0.5 + Math.random()));
  world.cut(trial.cut.map(([from, to]): Link => [at[from] ?? 0, at[to] ?? 0]));
  await trial.act?.(world, at);
  await pause(observedAdverts * advertMs);
  await trial.mend?.(world, at);
  world.cut([]);
  const holder = await settled(world);
  const counts = world.countSent();
  const end = epochMs();
  await until('the capture has come so far', async () =>
    world.capture.emissions().some((emission) => emission.at >= end) || epochMs() > end + captureLagMs
      ? true
      : undefined,
  );
  const emissions = world.capture.emissions();
  const answers = emissions.filter(({ kind }) => kind !== 'question');
  const spoken = Map.groupBy(answers, ({ port }) => port);
  return {
    name: trial.name,
    overlapMs: overlapMs(intervalsOf(answers, advertMs)),
    answersOverlapMs: overlapMs(
      intervalsOf(
        answers.filter((emission) => !remnants.has(nameOf(emission))),
        advertMs,
      ),
    ),
    isMoved: holder !== owner || spoken.size > 1,
    kinds: [...new Set(answers.map(nameOf))].sort(),
    gapsMs: gapsOf(emissions.filter(({ kind }) => kind === 'question')),
    frames: answers.length,
    counted:
      counts === undefined
        ? null
        : {
            frames: counts.reduce((sum, count) => sum + count, 0),
            unheard: counts.reduce((sum, count, port) => sum + (spoken.has(port) ? 0 : count), 0),
          },
  };
}

/** What must have been heard of an owner for a trial to say anything. */
export const kindsExpected: readonly string[] = [
  ...['arp', 'neighbour6'],
  ...(['udp', 'container', 'newTcp', 'tcp', 'syn'] satisfies EmissionKind[]).flatMap((kind) => [kind, `${kind}6`]),
];
/** Linux sends from a bound IPv6 socket, and repeats its half of an IPv6 handshake, also when the address is gone. */
const remnants: ReadonlySet<string> = new Set(['udp6', 'newTcp6', 'tcp6']);
const nameOf = ({ kind, isV6 }: Emission): string => (isV6 ? `${kind}6` : kind);
const gapsOf = (questions: readonly Emission[]): number[] =>
  questions.slice(1).map(({ at }, index) => at - (questions[index]?.at ?? at));

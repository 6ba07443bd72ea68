// One case: the same fault again and again, to Mailward and to keepalived in turn, each time measured as the client's longest silence.
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../../services/demo/random.ts';
import { until } from '../../lease/lease-cluster.ts';
import type { Contender, Fault } from './contender.ts';
import { stillFaults } from './contender.ts';
import { machineMs } from './probe-log.ts';
import { medianOf, ratioOf } from './ratio.ts';
import { addressOf, type ContenderName, hostName, type World } from './world.ts';

/** With a longer A both are struck at once: what one does takes less of the machine than the other's figure can show. */
const apartBelowMs = 500;
/** A repetition in which the prober stood still is made anew: at most twice as often as was asked for, and this often more. */
const discardedSpare = 3;
/** An owner that may answer no more may be heard for this long: the guard's timeout is the kernel's, the deadline ours. */
const graceMs = 10;
const answeredWithinMs = 30_000;

type Repetition = {
  readonly silentMs: number;
  readonly hasMoved: boolean;
  /** The former owner's newest answer, after the end of its lease: above `graceMs` it is a violation. */
  readonly lateMs: number;
  /** The former owner's newest answer, after the new one's first answer. */
  readonly overlapMs: number;
};
type CaseOptions = {
  readonly fault: Fault;
  readonly advertMs: number;
  readonly repetitions: number;
  readonly random: Random;
  readonly say: (text: string) => void;
};

/** Undefined: the prober stood still where it matters. Throws when the address is not answered again. The contender stands. */
async function strikeOnce(world: World, contender: Contender, options: CaseOptions): Promise<Repetition | undefined> {
  const { fault, advertMs, random } = options;
  const address = addressOf[contender.name];
  const { probes } = world;
  // At any moment between two adverts.
  await pause(random.next() * advertMs);
  const from = machineMs();
  const { thawed, leaseEndsAt, mend } = await contender.strike(fault, random.next() * 3 * 2.5 * advertMs);
  const struckAt = machineMs();
  const isStill = stillFaults.includes(fault);
  await (isStill ? pause(4 * advertMs + 100) : thawed);
  const thawedAt = machineMs();
  const others = () => probes.answersOf(address, from).filter(({ host }) => host !== hostName(0));
  const mustMove = !isStill && thawed === undefined;
  const tailMs = advertMs / 2 + 30;
  const isAnswered = async () => {
    if (mustMove && others().length === 0) return undefined;
    const since = Math.max(thawedAt, others()[0]?.at ?? 0);
    const latest = probes.answersOf(address, since);
    return latest.length > 0 && machineMs() - since > tailMs ? true : undefined;
  };
  let to: number;
  try {
    await until(`${contender.name} answers again after ${fault}`, isAnswered, answeredWithinMs);
    to = await world.probed();
  } finally {
    await mend();
  }
  const silence = probes.longestSilence(address, from, to);
  if (silence === undefined || silence.isOurs) return undefined;
  const moved = others()[0];
  const former = probes.answersOf(address, from).filter(({ host }) => host === hostName(0));
  // Once it runs again and nobody else has won, it may hold another lease; before that, or when another has it, it may not answer.
  const judgedUntil = thawed === undefined || moved !== undefined ? to : thawedAt;
  const lastAt = former.findLast(({ at }) => at <= judgedUntil)?.at ?? 0;
  const isOver = leaseEndsAt !== undefined && (thawed === undefined || thawedAt > leaseEndsAt);
  options.say(
    `${contender.name} ${fault} ${(silence.to - silence.from).toFixed(1)} ms, struck in ${(struckAt - from).toFixed(1)} ms`,
  );
  return {
    silentMs: silence.to - silence.from,
    hasMoved: moved !== undefined,
    lateMs: isOver ? Math.max(0, lastAt - leaseEndsAt) : 0,
    overlapMs: moved === undefined ? 0 : Math.max(0, lastAt - moved.at),
  };
}

const rounded = (value: number): number => Number(value.toFixed(3));

export type CaseResult = Awaited<ReturnType<typeof runCase>>;

/** Runs one case and gives its figures, in ms. */
export async function runCase(world: World, contenders: readonly Contender[], options: CaseOptions) {
  const { fault, advertMs, repetitions, say } = options;
  const isStill = stillFaults.includes(fault);
  // keepalived has no agent beside it that could be blocked.
  const taking = contenders.filter(({ name }) => name === 'mailward' || !isStill);
  const found: Record<ContenderName, Repetition[]> = { mailward: [], keepalived: [] };
  const discarded: Record<ContenderName, number> = { mailward: 0, keepalived: 0 };
  await Promise.all(taking.map((contender) => contender.prepare(fault)));

  const isDone = ({ name }: Contender) => found[name].length >= repetitions;
  async function take(contender: Contender): Promise<void> {
    if (isDone(contender)) return;
    const repetition = await strikeOnce(world, contender, options);
    if (repetition !== undefined) {
      found[contender.name].push(repetition);
      return;
    }
    discarded[contender.name] += 1;
    if (discarded[contender.name] > 2 * repetitions + discardedSpare)
      throw new Error(`the prober stood still in ${discarded[contender.name]} repetitions: the machine is too busy`);
  }
  while (!taking.every(isDone)) {
    for (const together of advertMs < apartBelowMs ? taking.map((each) => [each]) : [taking]) {
      await Promise.all(taking.map(({ steady }) => steady()));
      await Promise.all(together.map(take));
    }
    taking.reverse();
  }

  const figures = (name: ContenderName) => {
    const silences = found[name].map(({ silentMs }) => silentMs);
    return { medianMs: rounded(medianOf(silences)), maxMs: rounded(Math.max(...silences)) };
  };
  const mine = found.mailward;
  const silencesOf = (name: ContenderName) => found[name].map(({ silentMs }) => silentMs);
  const ratio = isStill ? undefined : ratioOf(silencesOf('mailward'), silencesOf('keepalived'));
  const result = {
    ...{ fault, advertMs, leaseMs: 2.5 * advertMs, n: repetitions },
    mailward: figures('mailward'),
    keepalived: isStill ? null : figures('keepalived'),
    ratio: ratio === undefined ? null : rounded(ratio.ratio),
    ratioLow: ratio === undefined ? null : rounded(ratio.ratioLow),
    ratioHigh: ratio === undefined ? null : rounded(ratio.ratioHigh),
    moved: {
      mailward: mine.filter(({ hasMoved }) => hasMoved).length,
      keepalived: found.keepalived.filter(({ hasMoved }) => hasMoved).length,
    },
    /** Of Mailward: after the lease's end, after the successor's first answer. */
    lateMs: rounded(Math.max(...mine.map(({ lateMs }) => lateMs))),
    isSilentAfterLease: mine.every(({ lateMs }) => lateMs <= graceMs),
    overlapMs: rounded(Math.max(...mine.map(({ overlapMs }) => overlapMs))),
    discarded,
  };
  say(`${fault} at A = ${advertMs} ms: ${JSON.stringify(result)}`);
  return result;
}

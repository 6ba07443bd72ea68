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
/** Each host is asked directly every few ms. */
const directWithinMs = 200;
/** An owner that may answer no more may be heard for this long: the guard's timeout is the kernel's, the deadline ours. */
const graceMs = 10;
const answeredWithinMs = 30_000;

type Repetition = {
  /** Undefined: the prober stood still where it matters. What was seen of two owners counts all the same. */
  readonly silentMs: number | undefined;
  readonly hasMoved: boolean;
  /** The former owner's newest answer, after the end of its lease: above `graceMs` it is a violation. Null: no lease ended. */
  readonly lateMs: number | null;
  /** From the first answer of another to the former owner's newest; an instant in common counts as a microsecond. */
  readonly overlapMs: number;
};
type CaseOptions = {
  readonly fault: Fault;
  readonly advertMs: number;
  readonly repetitions: number;
  readonly random: Random;
  readonly say: (text: string) => void;
};

/** Throws when the address is not answered again. The contender stands. */
async function strikeOnce(world: World, contender: Contender, options: CaseOptions): Promise<Repetition> {
  const { fault, advertMs, random } = options;
  const address = addressOf[contender.name];
  const { probes } = world;
  const hearsDirect = (from: number, isThat: (host: string) => boolean) =>
    probes.directOf(address, from).some(({ host }) => isThat(host));
  await until(`${contender.name}'s owner answers when it is asked directly`, async () =>
    hearsDirect(machineMs() - directWithinMs, (host) => host === hostName(0)) ? true : undefined,
  );
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
  const moved = others()[0];
  // The client asks only where it believes the address to be; whoever else still answers is heard when each host is asked.
  const direct = probes.directOf(address, from);
  const former = direct.filter(({ host }) => host === hostName(0));
  const firstOfOthersAt = Math.min(...direct.filter(({ host }) => host !== hostName(0)).map(({ at }) => at));
  if (moved !== undefined && firstOfOthersAt > to)
    throw new Error(`${moved.host} answers the client for ${address}, and not when it is asked directly`);
  // Once it runs again and nobody else has won, it may hold another lease; before that, or when another has it, it may not answer.
  const judgedUntil = thawed === undefined || moved !== undefined ? to : thawedAt;
  const lastAt = Math.max(0, ...former.map(({ at }) => at).filter((at) => at <= judgedUntil));
  const isOver = leaseEndsAt !== undefined && (thawed === undefined || thawedAt > leaseEndsAt);
  const silentMs = silence === undefined || silence.isOurs ? undefined : silence.to - silence.from;
  const overlapMs = lastAt < firstOfOthersAt ? 0 : Math.max(lastAt - firstOfOthersAt, 0.001);
  options.say(
    `${contender.name} ${fault} ${silentMs?.toFixed(1) ?? 'unknown'} ms, struck in ${(struckAt - from).toFixed(1)} ms, two owners ${overlapMs.toFixed(3)} ms`,
  );
  return {
    silentMs,
    hasMoved: moved !== undefined,
    lateMs: isOver ? Math.max(0, lastAt - leaseEndsAt) : null,
    overlapMs,
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

  const silencesOf = (name: ContenderName) => found[name].flatMap(({ silentMs }) => silentMs ?? []);
  const isDone = ({ name }: Contender) => silencesOf(name).length >= repetitions;
  async function take(contender: Contender): Promise<void> {
    if (isDone(contender)) return;
    const repetition = await strikeOnce(world, contender, options);
    found[contender.name].push(repetition);
    if (repetition.silentMs !== undefined) return;
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
    const silences = silencesOf(name);
    return { medianMs: rounded(medianOf(silences)), maxMs: rounded(Math.max(...silences)) };
  };
  const mine = found.mailward;
  /** Of n, for a repetition that is made anew would count twice; where nothing may move, of all. */
  const movesOf = (name: ContenderName) =>
    found[name].filter(({ silentMs, hasMoved }) => hasMoved && (isStill || silentMs !== undefined)).length;
  const late = mine.flatMap(({ lateMs }) => lateMs ?? []);
  const ratio = isStill ? undefined : ratioOf(silencesOf('mailward'), silencesOf('keepalived'));
  const result = {
    ...{ fault, advertMs, leaseMs: 2.5 * advertMs, n: repetitions },
    mailward: figures('mailward'),
    keepalived: isStill ? null : figures('keepalived'),
    ratio: ratio === undefined ? null : rounded(ratio.ratio),
    ratioLow: ratio === undefined ? null : rounded(ratio.ratioLow),
    ratioHigh: ratio === undefined ? null : rounded(ratio.ratioHigh),
    moved: {
      mailward: movesOf('mailward'),
      keepalived: movesOf('keepalived'),
    },
    /** Of Mailward, with the repetitions that are discarded below: after the lease's end, null where no lease ended, and after the first answer of another. */
    lateMs: late.length === 0 ? null : rounded(Math.max(...late)),
    isSilentAfterLease: late.length === 0 ? null : late.every((ms) => ms <= graceMs),
    overlapMs: rounded(Math.max(...mine.map(({ overlapMs }) => overlapMs))),
    discarded,
  };
  say(`${fault} at A = ${advertMs} ms: ${JSON.stringify(result)}`);
  return result;
}

// `npm run bench -- failover --overlap [--json] [--advert-ms A] [--only WORDS]`: whether two hosts ever speak for one address at the
// same instant, over every shape of the catalogue, all that is done to firewalls while Mailward lives, and the ends of its process.
import { parseArgs } from 'node:util';
import { bridges, catalogue, type Shape, splits } from './overlap-shapes.ts';
import { kindsExpected, runTrial, type Trial, type TrialResult } from './overlap-trial.ts';
import { firewallTrials, flushedTrials, processTrials, staticTrials } from './overlap-trials.ts';
import { createOverlapWorld } from './overlap-world.ts';

export type OverlapResult = {
  /** Of all trials but those counted apart; 0 is what is promised. */
  readonly overlapMs: number;
  /** The rules flushed and the process that would put them back stopped: answers end with the address's lifetime. */
  readonly overlapFlushedMs: number | null;
  /** There, with what IPv6 sockets that were open go on sending: nothing ends that but the process, or its end. */
  readonly overlapFlushedSocketsMs: number | null;
  /** With `fail-static`: as long as the cut, which is what was asked for. */
  readonly overlapStaticMs: number | null;
  readonly advertMs: number;
  readonly trials: number;
  readonly moves: number;
  /** Between two questions that reach all hosts at once. */
  readonly questionGapMs: { readonly median: number; readonly p99: number };
  /** Frames that hosts sent by their own counters while the capture heard nothing of them at all. */
  readonly unheardFrames: number;
  /** Of the frames counted at the hosts, the share that never reached the switch: a busy machine loses some between them. */
  readonly lostShare: number;
  /** Ways of speaking that no owner was heard in; none, or the zero above says nothing about them. */
  readonly unheard: readonly string[];
  readonly shapes: readonly { readonly name: string; readonly overlapMs: number; readonly isMoved: boolean }[];
};

type Batch = {
  readonly voters: number;
  readonly witnesses: number;
  readonly noMajority: 'hold-down' | 'fail-static';
  readonly nonlocalBind: boolean;
  readonly counted: 'overlapMs' | 'overlapFlushedMs' | 'overlapStaticMs';
  readonly trials: readonly Trial[];
};
const three = { voters: 3, witnesses: 0, noMajority: 'hold-down', nonlocalBind: true, counted: 'overlapMs' } as const;

/** One world for each electorate; the largest catalogue first. */
function batchesOf(shapes: readonly Shape[]): Batch[] {
  const groups = Map.groupBy(shapes, ({ voters, witnesses }) => `${voters} voters, ${witnesses} of them witnesses`);
  return [...groups].map(([electorate, group]) => ({
    ...{ voters: group[0]?.voters ?? 0, witnesses: group[0]?.witnesses ?? 0 },
    ...{ noMajority: 'hold-down', nonlocalBind: true, counted: 'overlapMs' },
    trials: group.map(({ name, cut }) => ({ name: `${electorate}: ${name}`, cut })),
  }));
}

const allBatches = (): Batch[] => [
  { ...three, trials: [...firewallTrials(), ...processTrials()] },
  // The address's lifetime ends what is said from an address that must be here.
  { ...three, nonlocalBind: false, counted: 'overlapFlushedMs', trials: flushedTrials() },
  { ...three, noMajority: 'fail-static', counted: 'overlapStaticMs', trials: staticTrials() },
  ...batchesOf(catalogue()),
];

/** A handful that fits into a build: a split, a bridge, a one-way link, each deed to the firewall once, an end of the process. */
export function shortBatches(): Batch[] {
  const shapes = [...splits(3).slice(2, 4), ...bridges(3).slice(0, 1)];
  const trials = [
    ...shapes.map(({ name, cut }): Trial => ({ name, cut })),
    {
      name: 'one-way owner→others',
      cut: [
        [0, 1],
        [0, 2],
      ],
    } satisfies Trial,
    ...firewallTrials().filter(({ name }) =>
      /^flush.*at another$|^[^f].*everywhere, the owner just cut off$/.test(name),
    ),
    ...processTrials().filter(({ name }) => /SIGTERM|SIGSTOP/.test(name)),
  ];
  return [{ ...three, trials }];
}

export async function measureOverlap(
  batches: readonly Batch[],
  advertMs: number,
  say: (line: string) => void,
): Promise<OverlapResult> {
  const results: (TrialResult & { readonly batch: Batch['counted'] })[] = [];
  for (const { trials, counted, ...electorate } of batches) {
    if (trials.length === 0) continue;
    const world = await createOverlapWorld({ ...electorate, advertMs });
    try {
      for (const trial of trials) {
        const result = await runTrial(world, trial, advertMs);
        results.push({ ...result, batch: counted });
        const more = result.isMoved ? '' : ' (no move)';
        say(`${result.overlapMs.toFixed(3).padStart(9)} ms  ${result.name}${more}`);
      }
    } finally {
      await world.stop();
    }
  }
  const gaps = results.flatMap(({ gapsMs }) => gapsMs).sort((a, b) => a - b);
  const gapAt = (share: number) => Number((gaps[Math.floor(gaps.length * share)] ?? Number.NaN).toFixed(3));
  const heard = new Set(results.flatMap(({ kinds }) => kinds));
  function sumOf(key: Batch['counted'], of: 'overlapMs' | 'answersOverlapMs' = 'overlapMs'): number | null {
    const own = results.filter(({ batch }) => batch === key);
    return own.length === 0 ? null : own.reduce((sum, result) => sum + result[of], 0);
  }
  const checked = results.flatMap(({ frames, counted }) => (counted === null ? [] : [{ frames, counted }]));
  const captured = checked.reduce((sum, { frames }) => sum + frames, 0);
  const sent = checked.reduce((sum, { counted }) => sum + counted.frames, 0);
  return {
    overlapMs: sumOf('overlapMs') ?? Number.NaN,
    overlapFlushedMs: sumOf('overlapFlushedMs', 'answersOverlapMs'),
    overlapFlushedSocketsMs: sumOf('overlapFlushedMs'),
    overlapStaticMs: sumOf('overlapStaticMs'),
    ...{ advertMs, trials: results.length, moves: results.filter(({ isMoved }) => isMoved).length },
    questionGapMs: { median: gapAt(0.5), p99: gapAt(0.99) },
    unheardFrames: checked.reduce((sum, { counted }) => sum + counted.unheard, 0),
    lostShare: Number((1 - Math.min(1, captured / Math.max(1, sent))).toFixed(4)),
    unheard: kindsExpected.filter((kind) => !heard.has(kind)),
    shapes: results.map(({ name, overlapMs, isMoved }) => ({ name, overlapMs, isMoved })),
  };
}

/** The whole of it, or the trials whose name has the words of `--only`. */
export function runOverlap(args: readonly string[]): Promise<OverlapResult> {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  const options = { overlap: flag, short: flag, json: flag, 'advert-ms': text, only: text } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const batches = (values.short ? shortBatches() : allBatches()).map((batch) => ({
    ...batch,
    trials: batch.trials.filter(({ name }) => name.includes(values.only ?? '')),
  }));
  return measureOverlap(batches, Number(values['advert-ms'] ?? 100), (line) => void process.stderr.write(`${line}\n`));
}

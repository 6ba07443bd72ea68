// `npm run soak -- failover`: what an operator and bad days do to a group of real lease processes, each judged by lease.md.
import type { CaseOptions, CaseResult, PlayedCase } from './failover/case.ts';
import { runColdStart } from './failover/cases/cold-start.ts';
import { runCrashLoop } from './failover/cases/crash-loop.ts';
import { runKeys } from './failover/cases/keys.ts';
import { runLoss } from './failover/cases/loss.ts';
import { runRetime } from './failover/cases/retime.ts';
import { runUpgrade } from './failover/cases/upgrade.ts';
import { runVoters } from './failover/cases/voters.ts';
import { createWorld } from './failover/world.ts';

const cases: Readonly<Record<string, (options: CaseOptions) => Promise<PlayedCase>>> = {
  voters: runVoters,
  retime: runRetime,
  keys: runKeys,
  upgrade: runUpgrade,
  'cold-start': runColdStart,
  'crash-loop': runCrashLoop,
  loss: runLoss,
};
export const failoverCases = Object.keys(cases);

export type FailoverResult = {
  readonly advertMs: number;
  readonly cases: readonly CaseResult[];
  readonly overlapMs: number;
  readonly faults: number;
};

/** Runs the named cases one after the other. A case that cannot go on is one with a fault, and the next one is run. */
export async function runFailover(
  options: Omit<CaseOptions, 'world'> & { readonly names: readonly string[] },
): Promise<FailoverResult> {
  const { names, advertMs, say } = options;
  const world = await createWorld();
  const results: CaseResult[] = [];
  try {
    for (const name of names) {
      const run = cases[name];
      if (run === undefined) continue;
      const beganAt = performance.now();
      const played = await run({ ...options, world }).catch((error: unknown) => unfinished(name, error));
      const result = { ...played, tookMs: Math.round(performance.now() - beganAt) };
      results.push(result);
      say(describe(result));
    }
  } finally {
    await world.stop();
  }
  return {
    ...{ advertMs, cases: results },
    overlapMs: Math.max(0, ...results.map((result) => result.overlapMs)),
    faults: results.reduce((sum, result) => sum + result.faults.length, 0),
  };
}

const unfinished = (name: string, error: unknown): PlayedCase => ({
  ...{ name, sentence: 'It could not be played to its end.', figures: {}, faults: [String(error)] },
  ...{ moves: 0, movesMax: 0, elections: 0, overlapMs: 0, silentMsMax: 0, clientSilentMsMax: 0 },
});

function describe(result: CaseResult): string {
  const { name, sentence, moves, elections, overlapMs, clientSilentMsMax, figures, tookMs, faults } = result;
  const all = { moves, elections, overlapMs, clientSilentMsMax, tookMs, ...figures };
  const words = Object.entries(all).map(([key, value]) => `${key} ${value}`);
  return [`${name}: ${sentence}`, `  ${words.join(', ')}`, ...faults.map((fault) => `  FAULT: ${fault}`)].join('\n');
}

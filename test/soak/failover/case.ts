// What a case of the failover soak is given, and what it says.
import type { Group, Seen, World } from './world.ts';

export type CaseOptions = {
  readonly world: World;
  /** A of the groups that are made. */
  readonly advertMs: number;
  /** How long what takes its time is kept up. */
  readonly minutes: number;
  readonly say: (line: string) => void;
};
export type PlayedCase = {
  readonly name: string;
  /** What happened, for a person. */
  readonly sentence: string;
  readonly moves: number;
  readonly movesMax: number;
  /** Ballots won while the case ran: a holder that lost its lease and won it back is no move, and is counted here. */
  readonly elections: number;
  readonly overlapMs: number;
  readonly silentMsMax: number;
  readonly clientSilentMsMax: number;
  readonly figures: Readonly<Record<string, number>>;
  /** What was not as promised; empty: all was. */
  readonly faults: readonly string[];
};
export type CaseResult = PlayedCase & { readonly tookMs: number };
/** Notes a promise that was not kept. */
export type Expect = (isKept: boolean, otherwise: string) => void;
type Told = {
  readonly sentence: string;
  readonly movesMax: number;
  readonly figures: Readonly<Record<string, number>>;
};

/**
 * Makes the group, lets `play` do its part, and judges what the client saw meanwhile: two owners are never right, and moves are
 * at most those that `play` allows.
 */
export async function runCase(
  name: string,
  { world }: CaseOptions,
  start: Parameters<World['startGroup']>[0],
  play: (group: Group, expect: Expect) => Promise<Told>,
): Promise<PlayedCase> {
  const faults: string[] = [];
  const expect: Expect = (isKept, otherwise) => {
    if (!isKept) faults.push(otherwise);
  };
  const group = await world.startGroup(start);
  try {
    await world.seen();
    const electionsBefore = group.elections();
    const { sentence, movesMax, figures } = await play(group, expect);
    const seen: Seen = await world.seen();
    const { moves, overlapMs, silentMsMax, clientSilentMsMax } = seen;
    expect(overlapMs === 0, `two hosts answered for ${overlapMs} ms`);
    expect(moves <= movesMax, `the address moved ${moves} times; at most ${movesMax} were due`);
    const elections = group.elections() - electionsBefore;
    return {
      ...{ name, sentence, moves, movesMax, elections, overlapMs, silentMsMax, clientSilentMsMax, figures, faults },
    };
  } finally {
    world.cuts.cutOff([]);
    world.cuts.lose(0);
    await group.stop();
  }
}

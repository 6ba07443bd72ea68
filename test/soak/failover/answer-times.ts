// Who answered when, as stretches of time; and what follows: time with two owners, moves, silence.
import { overlapMs } from '../../bench/failover/overlap-intervals.ts';

/** Two answers of one host closer than this belong to one stretch; no owner could lose the address and win it back within. */
export const mergeWithinMs = 25;

/** Of one host, on the clock that all processes of the machine share, in ms. */
export type Stretch = { readonly host: string; readonly firstAt: number; readonly lastAt: number };

export type AnswerTimes = {
  /** Time in which two hosts answered, each pair counted; a single answer within another's stretch counts as a microsecond. */
  readonly overlapMs: number;
  /** Changes of the host that answers. */
  readonly moves: number;
  /** The longest time in which nobody answered, and all of it. */
  readonly silentMsMax: number;
  readonly silentMs: number;
};

export function foldAnswers(stretches: readonly Stretch[]): AnswerTimes {
  const sorted = [...stretches].sort((a, b) => a.firstAt - b.firstAt);
  let moves = 0;
  let silentMs = 0;
  let silentMsMax = 0;
  let last: Stretch | undefined;
  let end = 0;
  for (const stretch of sorted) {
    if (last !== undefined) {
      if (last.host !== stretch.host) moves += 1;
      const gapMs = stretch.firstAt - end;
      if (gapMs > mergeWithinMs) {
        silentMs += gapMs;
        silentMsMax = Math.max(silentMsMax, gapMs);
      }
    }
    end = Math.max(end, stretch.lastAt);
    last = stretch;
  }
  const overlap = overlapMs(sorted.map(({ host, firstAt, lastAt }) => ({ port: host, from: firstAt, to: lastAt })));
  // Never rounded to nothing.
  return { overlapMs: Number(overlap.toFixed(3)), moves, silentMsMax: round(silentMsMax), silentMs: round(silentMs) };
}
const round = (ms: number): number => Math.round(ms * 10) / 10;

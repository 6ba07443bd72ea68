// How long two hosts spoke for one address at the same instant, from what each put on the wire.
import type { Emission } from './overlap-emissions.ts';

/** Of one who spoke, known by its port at the switch or by its name. */
export type Interval<Speaker = number> = { readonly port: Speaker; readonly from: number; readonly to: number };

/**
 * From a host's first word to its last, where it was never silent for longer than `silenceMs` in between. Choose less than
 * any lawful move there and back takes: the longer it is, the more is taken for overlap.
 */
export function intervalsOf(emissions: readonly Emission[], silenceMs: number): Interval[] {
  const byPort = Map.groupBy(
    emissions.filter(({ kind }) => kind !== 'question'),
    ({ port }) => port,
  );
  return [...byPort].flatMap(([port, said]) => {
    const times = said.map(({ at }) => at).sort((a, b) => a - b);
    const intervals: Interval[] = [];
    for (const at of times) {
      const last = intervals.at(-1);
      if (last !== undefined && at - last.to <= silenceMs) intervals[intervals.length - 1] = { ...last, to: at };
      else intervals.push({ port, from: at, to: at });
    }
    return intervals;
  });
}

/** The time that intervals of different hosts share, each pair counted; an instant in common counts as a microsecond. */
export function overlapMs<Speaker>(intervals: readonly Interval<Speaker>[]): number {
  let shared = 0;
  for (const [index, a] of intervals.entries())
    for (const b of intervals.slice(index + 1)) {
      const together = Math.min(a.to, b.to) - Math.max(a.from, b.from);
      if (a.port !== b.port && together >= 0) shared += Math.max(together, 0.001);
    }
  return shared;
}

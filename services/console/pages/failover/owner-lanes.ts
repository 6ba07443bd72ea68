// Where the bars of owners stand on the axis of time: a lane for each member, a bar for each tenure.
import type { FailoverMoveWire } from '../../../protocol/wire.ts';

export type OwnerBar = {
  readonly epoch: number;
  readonly lane: number;
  readonly x: number;
  readonly width: number;
  readonly isOpen: boolean;
};
export type OwnerLanes = {
  readonly since: number;
  readonly lanes: readonly string[];
  readonly bars: readonly OwnerBar[];
};

/** A tenure of a moment is still to be seen. */
const barWidthMin = 3;

/** `moves` newest first. A tenure of which nobody told the end stands until the next one. */
export function layOwnerLanes(
  moves: readonly FailoverMoveWire[],
  members: readonly string[],
  axis: { readonly now: number; readonly width: number },
): OwnerLanes {
  const since = moves.reduce((first, { at }) => Math.min(first, Date.parse(at)), axis.now);
  const span = Math.max(1, axis.now - since);
  const xOf = (time: number): number => ((Math.min(time, axis.now) - since) / span) * axis.width;
  // Who owned once and is no member any more keeps a lane.
  const lanes = [...new Set([...members, ...moves.map(({ to }) => to)])];
  const bars = moves.map(({ epoch, to, at, heldMs }): OwnerBar => {
    const start = Date.parse(at);
    const x = Math.min(xOf(start), axis.width - barWidthMin);
    const end = heldMs === null ? axis.now : start + heldMs;
    return { epoch, lane: lanes.indexOf(to), x, width: Math.max(barWidthMin, xOf(end) - x), isOpen: heldMs === null };
  });
  return { since, lanes, bars };
}

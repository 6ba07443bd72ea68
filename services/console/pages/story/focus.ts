// What the reader points at, in the drawing or in the lines: a hop, or one attempt in it.
import type { StoryLineWire } from '../../../protocol/wire.ts';

/** `time` names an attempt by the epoch ms of its delivery line; absent it is the whole hop. */
export type Focus = { readonly leg: number; readonly time?: number };

/** A delivery line points at its attempt, any other at its hop. */
export function focusOfLine(line: StoryLineWire): Focus | undefined {
  if (line.leg === undefined) return undefined;
  return line.kind === 'delivery' ? { leg: line.leg, time: Date.parse(line.time) } : { leg: line.leg };
}

export function isInFocus(line: StoryLineWire, focus: Focus | undefined): boolean {
  if (focus === undefined || line.leg !== focus.leg) return false;
  return focus.time === undefined || (line.kind === 'delivery' && Date.parse(line.time) === focus.time);
}

/** Name of the first line of a hop, which its lane links to. */
export const lineAnchor = (leg: number): string => `leg-${leg}`;

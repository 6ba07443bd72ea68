import type { Unparsed } from '../protocol/unparsed.ts';
import { type Style, terminalSafe } from './terminal.ts';

const exampleCharsMax = 300;

/** How many of the interval's `lines` they are. */
export const renderUnparsedSummary = (found: Pick<Unparsed, 'lines' | 'cut'>, lines: number): string =>
  found.cut
    ? `At least ${found.lines} of ${lines} lines are not understood: not all were looked at. Ask for a shorter time to see the others.`
    : `${found.lines} of ${lines} lines are not understood.`;

/** The clusters for a person: each with how many lines, an example and the proposed pattern. */
export function renderUnparsed(
  { clusters, otherLines }: Pick<Unparsed, 'clusters' | 'otherLines'>,
  style: Style,
): string {
  const parts = clusters.map(({ program, count, template, example, pattern, firstSeenAt, lastSeenAt }) => {
    const seen = count === 1 ? stamp(lastSeenAt) : `${stamp(firstSeenAt)} to ${stamp(lastSeenAt)}`;
    return [
      `${style.strong(String(count))}  ${terminalSafe(program || '(no program)')}: ${terminalSafe(template)}`,
      `   ${style.weak(seen)}`,
      `   for example  ${terminalSafe(example.slice(0, exampleCharsMax))}`,
      ...(pattern === undefined ? [] : [`   pattern      ${terminalSafe(pattern)}`]),
    ].join('\n');
  });
  if (otherLines > 0) parts.push(`${otherLines} more lines in smaller groups.`);
  return parts.join('\n\n');
}

const stamp = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** Epoch ms at which the lines of a log were written, between which a run's three parts lie. */
export type Parts = { readonly injectedAt: number; readonly healedAt: number };

/** Shares of the bound for what was logged before, while it was on, and afterwards. */
const shares = { before: 0.15, during: 0.65, after: 0.2 };

/**
 * Keeps whole lines of a log within `bytesMax`: the last ones before the injection, the first ones after it, and the first ones
 * after the healing. `timeOf` tells when a line was written, `undefined` where it does not say; such a line belongs to the one before.
 */
export function trimLog(
  text: string,
  parts: Parts,
  bytesMax: number,
  timeOf: (line: string) => number | undefined,
): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const before: string[] = [];
  const during: string[] = [];
  const after: string[] = [];
  let part = before;
  for (const line of text.split('\n').slice(0, -1)) {
    const time = timeOf(line);
    if (time !== undefined) part = time < parts.injectedAt ? before : time < parts.healedAt ? during : after;
    part.push(`${line}\n`);
  }
  const kept = [
    takeWithin(before.toReversed(), bytesMax * shares.before).toReversed(),
    takeWithin(during, bytesMax * shares.during),
    takeWithin(after, bytesMax * shares.after),
  ];
  return kept.flat().join('');
}

function takeWithin(lines: readonly string[], bytesMax: number): readonly string[] {
  let bytes = 0;
  const end = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line);
    return bytes > bytesMax;
  });
  return end < 0 ? lines : lines.slice(0, end);
}

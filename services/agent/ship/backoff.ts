export const backoffLimits = { baseMs: 100, capMs: 5000 } as const;

/**
 * How long to wait before attempt number `attempt` (1 is the first repetition): doubling up to a cap, of which a random
 * half (`chance` in [0, 1)), so that many agents do not come back in the same moment.
 */
export function backoffMs(attempt: number, chance: number): number {
  const { baseMs, capMs } = backoffLimits;
  const fullMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 20));
  return fullMs / 2 + (fullMs / 2) * chance;
}

// What makes a member unfit to hold, told on change: it may no more be chosen while it could not open what it would hold.

/** Fit again when nothing was noted for this long: a member that does not hold tries nothing, and would never find out. */
const fitAgainMs = 10_000;

export type Unfitness = { readonly note: () => void; readonly clear: () => void };

export type UnfitnessDeps = {
  readonly after: (delayMs: number, task: () => void) => () => void;
  readonly onFitness: (part: string, isFit: boolean, why: string) => void;
};

/** `why` is among `faults` from `note` until `clear`, or until nothing was noted for a while. */
export function createUnfitness(part: string, why: string, faults: Set<string>, deps: UnfitnessDeps): Unfitness {
  let cancel: (() => void) | undefined;
  function clear(): void {
    if (cancel === undefined) return;
    cancel();
    cancel = undefined;
    faults.delete(why);
    deps.onFitness(part, true, `This may hold again: ${part}.`);
  }
  return {
    clear,
    note: () => {
      if (cancel === undefined) deps.onFitness(part, false, why);
      faults.add(why);
      cancel?.();
      cancel = deps.after(fitAgainMs, clear);
    },
  };
}

/** Refusals further apart than this do not belong together. */
const refusalsApartMs = 1000;

/** Notes once what should succeed was refused again and again for `allowedMs`; a success forgets it. */
export function createPatience(
  unfitness: Unfitness,
  allowedMs: number,
  monotonicMs: () => number,
): { readonly refused: () => void; readonly succeeded: () => void } {
  let since = Number.NEGATIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  return {
    refused: () => {
      const now = monotonicMs();
      if (now - last > Math.max(refusalsApartMs, allowedMs)) since = now;
      last = now;
      if (now - since >= allowedMs) unfitness.note();
    },
    succeeded: () => {
      last = Number.NEGATIVE_INFINITY;
      unfitness.clear();
    },
  };
}

// Before a member may hold for the first time after its start, it looks whether anybody has the addresses without a lease. Only then:
// a takeover waits for nothing, and what a lease guards needs no look.

/** How soon again, while somebody does. */
const lookAgainMs = 2000;

export type OwnerSearch = { readonly stop: () => void };

/** Runs until nobody is found, or a lease is known to be held, once. `onFound` is told after `graceMs` at the earliest. */
export function createOwnerSearch(
  config: {
    /** For this long an owner by lease may not have been heard yet. */
    readonly graceMs: number;
  },
  deps: {
    readonly monotonicMs: () => number;
    readonly after: (delayMs: number, task: () => void) => () => void;
    /** Sentences on whom was found. */
    readonly look: () => Promise<readonly string[]>;
    readonly isHeld: () => boolean;
    readonly onFound: (sentence: string) => void;
    readonly onFree: () => void;
  },
): OwnerSearch {
  const startedAt = deps.monotonicMs();
  let isStopped = false;
  let cancel: (() => void) | undefined;
  async function search(): Promise<void> {
    const found = deps.isHeld() ? [] : await deps.look();
    if (isStopped) return;
    if (found.length === 0 || deps.isHeld()) {
      deps.onFree();
      return;
    }
    const isEarly = deps.monotonicMs() - startedAt < config.graceMs;
    if (!isEarly) deps.onFound(found.join(' '));
    cancel = deps.after(isEarly ? 0 : lookAgainMs, () => void search());
  }
  void search();
  return {
    stop: () => {
      isStopped = true;
      cancel?.();
    },
  };
}

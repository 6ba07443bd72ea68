// Keeps a member from holding while somebody else has the group's addresses without a lease.
import type { LeaseGroupConfig } from '../protocol/lease-config.ts';
import { askNeighbours, findConfigured } from './other-owners.ts';
import { createOwnerSearch } from './owner-search.ts';

/** While a part is not fit, the member does not hold. */
export type HoldBackDeps = {
  readonly monotonicMs: () => number;
  readonly after: (delayMs: number, task: () => void) => () => void;
  /** Whether anybody is known to hold by a lease. */
  readonly isHeld: () => boolean;
  readonly noteFitness: (part: string, isFit: boolean) => void;
  readonly onAlarm: (part: string, sentence: string) => void;
  readonly onAlarmEnded: (part: string) => void;
};

/**
 * Files of this machine are read as long as they name an address; neighbours are asked before the first holding after a start.
 * `isHolding`: the process came back within its own lease, which it goes on with, and asks nobody. `askWithinMs`: M, for which a
 * machine that boots is silent anyway; asking takes no longer, so that a cold start does not wait for it.
 */
export function createHoldBack(
  config: LeaseGroupConfig,
  {
    graceMs,
    askWithinMs,
    isHolding,
  }: { readonly graceMs: number; readonly askWithinMs: number; readonly isHolding: boolean },
  deps: HoldBackDeps,
): { readonly stop: () => void } {
  function search(part: string, waitMs: number, isHeld: () => boolean, look: () => Promise<readonly string[]>) {
    if (!isHolding) deps.noteFitness(part, false);
    return createOwnerSearch(
      { graceMs: waitMs },
      {
        ...{ monotonicMs: deps.monotonicMs, after: deps.after, look, isHeld },
        onFound: (sentence) => {
          deps.noteFitness(part, false);
          deps.onAlarm(part, sentence);
        },
        onFree: () => {
          deps.noteFitness(part, true);
          deps.onAlarmEnded(part);
        },
      },
    );
  }
  const searches = [
    search(
      'addresses that nobody else configures',
      0,
      () => false,
      () => findConfigured(config),
    ),
  ];
  if (!isHolding)
    searches.push(
      search('addresses that nobody else answers for', graceMs, deps.isHeld, () =>
        askNeighbours(config, deps.after, askWithinMs),
      ),
    );
  return {
    stop: () => {
      for (const each of searches) each.stop();
    },
  };
}

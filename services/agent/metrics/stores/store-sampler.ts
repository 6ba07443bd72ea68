import type { Family, Sample } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { createStoreWalk, type StoreCount, type StoreWalkLimits } from './store-walk.ts';

export type StoreConfig = {
  /** Mail stores whose first level is one directory for each domain. */
  readonly stores: readonly string[];
  /** Between two steps of a walk. */
  readonly cadenceMs: number;
  readonly limitMs: number;
  /** Between the end of a full walk and the next. */
  readonly restMs: number;
  readonly limits?: StoreWalkLimits;
};

/** Bytes and files by store and domain, from the last full walk; nothing before the first one is done. */
export function createStoreSampler(
  config: StoreConfig,
  deps: { readonly now: () => number },
): Sampler & { readonly stop: () => Promise<void> } {
  const walks = config.stores.map((store) => ({
    store,
    walk: createStoreWalk(store, config.limits),
    countedAt: undefined as number | undefined,
  }));
  return {
    name: 'stores',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal, problem) => {
      for (const entry of walks) {
        if (entry.countedAt !== undefined && deps.now() - entry.countedAt < config.restMs) continue;
        try {
          if (await entry.walk.step(signal)) entry.countedAt = deps.now();
        } catch (error) {
          problem(error);
          await entry.walk.stop();
        }
      }
      return storeFamilies(
        walks.flatMap(({ store, walk, countedAt }) => {
          const count = walk.count();
          return count === undefined || countedAt === undefined ? [] : [{ store, count, countedAt }];
        }),
      );
    },
    stop: async () => {
      for (const { walk } of walks) await walk.stop();
    },
  };
}

function storeFamilies(
  counts: readonly { readonly store: string; readonly count: StoreCount; readonly countedAt: number }[],
): Family[] {
  const rows = (read: (size: { bytes: number; files: number }) => number): Sample[] =>
    counts.flatMap(({ store, count }) =>
      [...count].map(([domain, size]) => ({ labels: { store, domain }, value: read(size) })),
    );
  return [
    {
      name: 'mailward_store_size_bytes',
      type: 'gauge',
      help: 'Files of a domain in a mail store, in bytes, as of the last full walk.',
      samples: rows(({ bytes }) => bytes),
    },
    {
      name: 'mailward_store_files',
      type: 'gauge',
      help: 'Files of a domain in a mail store, as of the last full walk.',
      samples: rows(({ files }) => files),
    },
    {
      name: 'mailward_store_walk_timestamp_seconds',
      type: 'gauge',
      help: 'When the last full walk of a mail store ended, seconds since the epoch.',
      samples: counts.map(({ store, countedAt }) => ({ labels: { store }, value: countedAt / 1000 })),
    },
  ];
}

// A metric family as plain data: what a sampler returns and what the registry shows at the next scrape. prom-client's own
// counters only count up by steps; a sampler knows the present value of somebody else's counter, so it states it.
import { Gauge, type Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;
export type Sample = {
  readonly labels: Labels;
  readonly value: number;
  /** For the rows of a histogram: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
};
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'untyped';
export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: FamilyType;
  readonly samples: readonly Sample[];
};

/** A gauge or counter with one value and no labels. */
export function single(name: string, type: 'counter' | 'gauge', help: string, value: number): Family {
  return { name, help, type, samples: [{ labels: {}, value }] };
}

/**
 * Rows of one histogram under `labels`, cumulative as the exposition format wants them. `counts` has one number for each
 * bucket and one more for what is larger than the last bound.
 */
export function histogramSamples(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
): Sample[] {
  let below = 0;
  const rows: Sample[] = bounds.map((bound, at) => {
    below += counts[at] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: below };
  });
  const all = below + (counts[bounds.length] ?? 0);
  rows.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: all });
  rows.push({ metricName: `${name}_sum`, labels, value: sum });
  rows.push({ metricName: `${name}_count`, labels, value: all });
  return rows;
}

/** Where `value` falls among ascending upper bounds; `bounds.length` when it is above all of them. */
export function bucketOf(bounds: readonly number[], value: number): number {
  const at = bounds.findIndex((bound) => value <= bound);
  return at < 0 ? bounds.length : at;
}

/** Puts a family into a registry; `read` gives its rows at each scrape. */
export function registerFamily(
  registry: Registry,
  { name, help, type }: Omit<Family, 'samples'>,
  read: () => readonly Sample[],
): void {
  const get = async () => ({
    name,
    help,
    // prom-client writes the word as it is given; its own type of it is a number that it never uses.
    type: type as never,
    aggregator: 'sum' as const,
    collect: () => {},
    values: [...read()],
  });
  registry.registerMetric(Object.assign(new Gauge({ name, help, registers: [] }), { get }));
}

/**
 * Shows families in a registry; `show` replaces what one owner showed before, and a family that it no longer has disappears:
 * what is not known now is absent. A name belongs to one owner.
 */
export function createFamilyBoard(registry: Registry): {
  readonly show: (owner: string, families: readonly Family[]) => void;
} {
  const samplesByName = new Map<string, readonly Sample[]>();
  const namesByOwner = new Map<string, readonly string[]>();
  return {
    show: (owner, families) => {
      const names = families.map(({ name }) => name);
      for (const name of namesByOwner.get(owner) ?? []) {
        if (names.includes(name)) continue;
        samplesByName.delete(name);
        registry.removeSingleMetric(name);
      }
      for (const family of families) {
        const { name, samples } = family;
        if (!samplesByName.has(name)) registerFamily(registry, family, () => samplesByName.get(name) ?? []);
        samplesByName.set(name, samples);
      }
      namesByOwner.set(owner, names);
    },
  };
}

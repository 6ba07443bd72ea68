// All that a registry shows, as one scrape for control.
import type { Registry } from 'prom-client';
import { metricName, type Scrape, type SeriesKind, seriesLimits } from '../../protocol/series.ts';

type Shown = {
  readonly name: string;
  readonly type: unknown;
  readonly values: ReadonlyArray<{
    readonly value: number;
    readonly metricName?: string;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
  }>;
};

export type TakenScrape = {
  readonly scrape: Scrape;
  readonly samples: number;
  /** Samples beyond the bounds of a scrape, which are left out. */
  readonly leftOut: number;
};

/** A value that is no number (a ratio of nothing) is absent, as a sample that was never taken. */
export async function takeScrape(registry: Registry): Promise<TakenScrape> {
  const shown = (await registry.getMetricsAsJSON()) as unknown as readonly Shown[];
  const families = new Map<string, Scrape[number]>();
  let [samples, leftOut] = [0, 0];
  for (const { name, type, values } of shown) {
    for (const row of values) {
      if (!Number.isFinite(row.value)) continue;
      const rowName = row.metricName ?? name;
      const labels = readLabels(row.labels);
      if (labels === undefined || samples >= seriesLimits.samplesMax || !metricName.safeParse(rowName).success) {
        leftOut += 1;
        continue;
      }
      let family = families.get(rowName);
      if (family === undefined) {
        family = { name: rowName, kind: kindOf(String(type), rowName), samples: [] };
        families.set(rowName, family);
      }
      family.samples.push([labels, row.value]);
      samples += 1;
    }
  }
  return { scrape: [...families.values()], samples, leftOut };
}

function kindOf(type: string, name: string): SeriesKind {
  if (type === 'counter' || type === 'histogram') return 'counter';
  if (type === 'summary') return /_(?:sum|count)$/.test(name) ? 'counter' : 'gauge';
  // Some exporters show counters without a type; the name tells (prometheus.io, "Metric and label naming").
  return type === 'untyped' && name.endsWith('_total') ? 'counter' : 'gauge';
}

/** `undefined` when there are too many, or one is too long. */
function readLabels(labels: Shown['values'][number]['labels']): Record<string, string> | undefined {
  const read: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of Object.entries(labels)) {
    if (value === undefined) continue;
    const text = String(value);
    count += 1;
    if (text.length > seriesLimits.labelCharsMax || count > seriesLimits.labelsMax) return undefined;
    read[name] = text;
  }
  return read;
}

import type { Registry } from 'prom-client';
import { bucketOf, histogramSamples, type Labels, registerFamily } from '../family.ts';
import { type LogMetric, type LogMetricName, logMetrics } from './log-metric-table.ts';
import type { Increment } from './observe-line.ts';

/**
 * Label sets of one metric. Some labels come from what other servers say (a status code in a reply), so they are bounded:
 * what comes after is counted under `other` in every label.
 */
export const seriesPerMetricMax = 500;

type Series = { readonly labels: Labels; total: number; readonly counts: number[]; sum: number };

/** Adds up increments and states them. A metric without labels is stated from the start, as 0. */
export function createLogCounters(): {
  readonly add: (increments: readonly Increment[]) => void;
  readonly register: (registry: Registry) => void;
} {
  const seriesByMetric = new Map<string, Map<string, Series>>();
  const metrics: [LogMetricName, LogMetric][] = Object.entries(logMetrics) as [LogMetricName, LogMetric][];
  for (const [name, metric] of metrics) {
    seriesByMetric.set(name, new Map());
    if (metric.labels.length === 0) seriesOf(name, {});
  }

  function seriesOf(name: LogMetricName, labels: Labels): Series {
    const all = seriesByMetric.get(name) ?? new Map<string, Series>();
    const metric: LogMetric = logMetrics[name];
    let key = metric.labels.map((label) => labels[label] ?? '').join('\0');
    let own = labels;
    if (!all.has(key) && all.size >= seriesPerMetricMax) {
      own = Object.fromEntries(metric.labels.map((label) => [label, 'other']));
      key = 'other';
    }
    const found = all.get(key);
    if (found !== undefined) return found;
    const made: Series = { labels: own, total: 0, counts: (metric.bounds ?? []).map(() => 0).concat(0), sum: 0 };
    all.set(key, made);
    return made;
  }

  return {
    add: (increments) => {
      for (const { metric, labels, value } of increments) {
        const series = seriesOf(metric, labels);
        const { bounds }: LogMetric = logMetrics[metric];
        if (bounds === undefined) series.total += value;
        else {
          const at = bucketOf(bounds, value);
          series.counts[at] = (series.counts[at] ?? 0) + 1;
          series.sum += value;
        }
      }
    },
    register: (registry) => {
      for (const [name, { type, help, bounds }] of metrics)
        registerFamily(registry, { name, type, help }, () =>
          [...(seriesByMetric.get(name)?.values() ?? [])].flatMap((series) =>
            bounds === undefined
              ? [{ labels: series.labels, value: series.total }]
              : histogramSamples(name, series.labels, bounds, series.counts, series.sum),
          ),
        );
    },
  };
}

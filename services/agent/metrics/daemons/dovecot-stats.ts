import type { Family } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { fetchText, isNobodyThere } from './http-text.ts';
import { type ExposedRow, parseExposition, withoutTotals } from './open-metrics.ts';
import { upFamily } from './up.ts';

const bodyBytesMax = 4 * 1024 * 1024;

/**
 * Dovecot's own statistics from its OpenMetrics listener (`service stats { inet_listener http }`; deploy/dovecot has the
 * configuration), under the names that its administrator gave them, with sums that add up.
 */
export function createDovecotStatsSampler(config: {
  readonly url: string;
  readonly cadenceMs: number;
  readonly limitMs: number;
}): Sampler {
  return {
    name: 'dovecot-stats',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal) => {
      try {
        const text = await fetchText(config.url, signal, bodyBytesMax, { accept: 'application/openmetrics-text' });
        return [...dovecotFamilies(parseExposition(text)), upFamily('dovecot_stats', true)];
      } catch (error) {
        if (isNobodyThere(error)) return [upFamily('dovecot_stats', false)];
        throw error;
      }
    },
  };
}

/**
 * `dovecot_…_total` rows as families. The `_count` and `_sum` that stand beside grouped rows are what these rows add up to;
 * the process's own `process_*` names would be mistaken for the agent's.
 */
export function dovecotFamilies(rows: readonly ExposedRow[]): Family[] {
  const own = withoutTotals(rows.filter(({ name }) => /^dovecot_\w+_(total|info)$/.test(name)));
  return [...Map.groupBy(own, ({ name }) => name)].map(
    ([name, samples]): Family => ({
      name,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      help: name.endsWith('_duration_seconds_total')
        ? 'Time that the events took, as Dovecot counts it.'
        : 'As Dovecot counts it; each event is in one row.',
      samples: samples.map(({ labels, value }) => ({ labels, value })),
    }),
  );
}

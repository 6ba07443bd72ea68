// Buckets added up into the steps of an answer.
import type { SeriesFunction } from '../../../protocol/series.ts';
import type { bucketColumns } from './bucket.ts';

type ReadColumn = (column: (typeof bucketColumns)[number]) => number;

export type Steps = {
  /** Buckets of one step come in the order of time. */
  readonly add: (step: number, read: ReadColumn) => void;
  /** `null` for a step that nothing is known of. */
  readonly values: (name: SeriesFunction) => (number | null)[];
};

export function createSteps(steps: number): Steps {
  const count = new Float64Array(steps);
  const min = new Float64Array(steps).fill(Number.POSITIVE_INFINITY);
  const max = new Float64Array(steps).fill(Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(steps);
  const last = new Float64Array(steps);
  const rise = new Float64Array(steps);
  const seenMs = new Float64Array(steps);
  const plus = (column: Float64Array, step: number, more: number): void => {
    column[step] = (column[step] ?? 0) + more;
  };

  function valueAt(name: SeriesFunction, step: number): number | null {
    const known = count[step] ?? 0;
    if (known === 0) return null;
    switch (name) {
      case 'last':
        return last[step] ?? null;
      case 'avg':
        return (sum[step] ?? 0) / known;
      case 'min':
        return min[step] ?? null;
      case 'max':
        return max[step] ?? null;
      case 'rate': {
        const overMs = seenMs[step] ?? 0;
        return overMs === 0 ? null : ((rise[step] ?? 0) / overMs) * 1000;
      }
    }
  }

  return {
    add: (step, read) => {
      plus(count, step, read('count'));
      plus(sum, step, read('sum'));
      plus(rise, step, read('rise'));
      plus(seenMs, step, read('seenMs'));
      min[step] = Math.min(min[step] ?? 0, read('min'));
      max[step] = Math.max(max[step] ?? 0, read('max'));
      last[step] = read('last');
    },
    values: (name) => Array.from({ length: steps }, (_, step) => valueAt(name, step)),
  };
}

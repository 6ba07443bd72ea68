// Medians and their ratio, with the interval that a bootstrap gives it (Efron 1979): both samples are drawn anew with replacement.
import { createRandom } from '../../../services/demo/random.ts';

const resamples = 10_000;
const seed = 20_261_122;

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export type Ratio = { readonly ratio: number; readonly ratioLow: number; readonly ratioHigh: number };

/** Median of `values` over median of `against`, with its 95 % interval; the same samples always give the same interval. */
export function ratioOf(values: readonly number[], against: readonly number[]): Ratio {
  const { next: random } = createRandom(seed);
  const drawMedian = (from: readonly number[]): number =>
    medianOf(from.map(() => from[Math.floor(random() * from.length)] ?? Number.NaN));
  const ratios = Array.from({ length: resamples }, () => drawMedian(values) / drawMedian(against));
  ratios.sort((a, b) => a - b);
  const at = (share: number): number => ratios[Math.min(resamples - 1, Math.floor(share * resamples))] ?? Number.NaN;
  return { ratio: medianOf(values) / medianOf(against), ratioLow: at(0.025), ratioHigh: at(0.975) };
}

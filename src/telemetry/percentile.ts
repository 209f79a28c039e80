/** One percentile over several distributions of which only a few percentiles are known. Pure. */
import type { Stats } from './stats.ts';

/** What is known of a distribution. */
export type Percentiles = Omit<Stats, 'sum' | 'mean'>;

/** The share of values between each figure and the one below it. */
const STEPS = [
  ['p50', 0.5],
  ['p90', 0.4],
  ['p99', 0.09],
  ['p999', 0.009],
  ['max', 0.001],
] as const;

/**
 * The least figure at or below which `share` (over 0, at most 1) of all values lie. An upper bound: of each
 * distribution every value is taken for the next figure above it. Distributions that were counted but not
 * timed (`max` 0) are left out; 0 when all are.
 */
export function percentile(distributions: readonly Percentiles[], share: number): number {
  const timed = distributions.filter(({ count, max }) => count > 0 && max > 0);
  const steps = timed
    .flatMap((stats) => STEPS.map(([name, part]) => ({ value: stats[name], weight: part * stats.count })))
    .sort((a, b) => a.value - b.value);
  // Sums of shares such as 0.4 + 0.09 miss whole ranks by a rounding.
  let missing = share * timed.reduce((sum, { count }) => sum + count, 0) * (1 - 1e-9);
  for (const { value, weight } of steps) {
    missing -= weight;
    if (missing <= 0) return value;
  }
  return 0;
}

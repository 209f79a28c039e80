/** What distributions must say, worked out from the samples themselves. */
import { expect } from 'vitest';
import type { Stats } from '../../src/telemetry/stats.ts';

export interface Sample {
  readonly value: number;
  readonly weight: number;
}

export const NOTHING: Stats = { count: 0, sum: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };

/** The value at a percentile of the samples, by nearest rank, each repeated as often as its weight. */
export function percentileOf(samples: readonly Sample[], percentile: number): number {
  const sorted = samples.toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  // As HdrHistogram does: a rank that is whole but for the rounding of doubles is whole.
  const exact = (percentile / 100) * total;
  const rank = Math.max(1, Math.ceil(exact - exact * Number.EPSILON));
  let seen = 0;
  for (const { value, weight } of sorted) {
    seen += weight;
    if (seen >= rank) return value;
  }
  throw new Error('no samples');
}

/**
 * Count, sum, mean and maximum are exact; percentiles are to two digits, or to `unit` where that is coarser.
 */
export function expectStats(stats: Stats, samples: readonly Sample[], unit = 1): void {
  const count = samples.reduce((sum, { weight }) => sum + weight, 0);
  const sum = samples.reduce((total, { value, weight }) => total + value * weight, 0);
  expect(stats.count).toBe(count);
  expect(stats.max).toBe(Math.max(...samples.map(({ value }) => value)));
  // A few units in the last place, by the order of adding up.
  expect(Math.abs(stats.sum - sum)).toBeLessThanOrEqual(sum * 1e-12);
  expect(Math.abs(stats.mean - sum / count)).toBeLessThanOrEqual((sum / count) * 1e-12);
  for (const [name, percentile] of [
    ['p50', 50],
    ['p90', 90],
    ['p99', 99],
    ['p999', 99.9],
  ] as const) {
    const exact = percentileOf(samples, percentile);
    expect(stats[name]).toBeGreaterThanOrEqual(exact);
    expect(stats[name]).toBeLessThanOrEqual(exact * 1.01 + (unit - 1));
  }
}

import { describe, expect, it } from 'vitest';
import { percentile } from '../../src/telemetry/percentile.ts';

const stats = (count: number, p50: number, p90: number, p99: number, p999: number, max: number) => ({
  count,
  p50,
  p90,
  p99,
  p999,
  max,
});

describe('a percentile over several distributions', () => {
  it.each([
    [0.5, 1],
    [0.500001, 2],
    [0.9, 2],
    [0.99, 3],
    [0.999, 4],
    [1, 5],
  ])('of a single one at %d is its own', (share, value) => {
    expect(percentile([stats(1000, 1, 2, 3, 4, 5)], share)).toBe(value);
  });

  it('weighs each by its count', () => {
    const quick = stats(990, 1, 1, 1, 1, 1);
    const slow = stats(10, 100, 100, 100, 100, 100);
    expect(percentile([quick, slow], 0.99)).toBe(1);
    expect(percentile([quick, slow], 0.991)).toBe(100);
    expect(percentile([quick, stats(11, 100, 100, 100, 100, 100)], 0.99)).toBe(100);
  });

  it('leaves out what was counted but not timed, and is 0 of nothing', () => {
    expect(percentile([stats(1e6, 0, 0, 0, 0, 0), stats(10, 7, 7, 7, 7, 7)], 0.5)).toBe(7);
    expect(percentile([], 0.99)).toBe(0);
    expect(percentile([stats(5, 0, 0, 0, 0, 0)], 0.99)).toBe(0);
  });
});

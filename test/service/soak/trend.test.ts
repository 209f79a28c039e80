import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../regulation/random.ts';
import { trendOf } from './trend.ts';

const points = (values: readonly number[]) => values.map((value, at) => ({ at: at * 10, value }));

describe('a trend', () => {
  it('is nothing where nothing changes', () => {
    expect(trendOf(points([7, 7, 7, 7]))).toEqual({ rise: 0, median: 7, sure: 0 });
  });

  it('is what is gained, whatever two wild points say', () => {
    const { rise, sure } = trendOf(points([0, 1, 2, 900, 4, 5, 6, -900, 8, 9, 10, 11, 12]));
    expect(rise).toBeCloseTo(12, 0);
    expect(sure).toBeGreaterThan(2);
  });

  it('is found in noise, and not where noise is all', () => {
    const random = randomFrom(5);
    const noise = Array.from({ length: 40 }, () => 100 + 5 * random.normal());
    expect(Math.abs(trendOf(points(noise)).sure)).toBeLessThan(2.3);
    expect(trendOf(points(noise.map((value, at) => value + at / 4))).sure).toBeGreaterThan(3);
  });

  it('falls, too', () => {
    expect(trendOf(points([3, 2, 1])).rise).toBe(-2);
  });
});

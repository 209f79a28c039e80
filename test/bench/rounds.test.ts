import { describe, expect, it } from 'vitest';
import { interleave, percentiles, spread } from '../../bench/rounds.ts';

describe('rounds', () => {
  it('let contenders take turns, in another order each round, and keep their figures apart', async () => {
    const order: string[] = [];
    const figures: Record<string, number> = { a: 10, b: 20, c: 30 };
    const spreads = await interleave(['a', 'b', 'c'], 3, async (name, round) => {
      order.push(name);
      return figures[name] + round;
    });
    expect(order.join('')).toBe('abcbcacab');
    expect(spreads).toEqual([
      { median: 11, least: 10, most: 12 },
      { median: 21, least: 20, most: 22 },
      { median: 31, least: 30, most: 32 },
    ]);
  });

  it('have a median of two middles when they are even in number', () => {
    expect(spread([9, 1, 100, 5])).toEqual({ median: 7, least: 1, most: 100 });
  });

  it('have percentiles that are measured values, whatever their order', () => {
    const values = Array.from({ length: 200 }, (_, at) => 200 - at);
    expect(percentiles(values)).toEqual({ p50: 100, p99: 198, max: 200 });
    expect(percentiles([7])).toEqual({ p50: 7, p99: 7, max: 7 });
  });
});

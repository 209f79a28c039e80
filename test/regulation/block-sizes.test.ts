import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { blockSizes } from '../../src/regulation/block-sizes.ts';

describe('the sizes of a runtime', () => {
  const given = { baselineBytes: 64 * KiB, budgetBytes: 100 * MiB, threads: 2 };
  it.each<
    [string, Partial<Parameters<typeof blockSizes>[0]>, { baseline?: number; least?: number; most: number }]
  >([
    ['are 64 KiB, 4 KiB and 1 MiB', {}, { baseline: 64, least: 4, most: 1024 }],
    ['grow to a quarter of the budget on all threads', { threads: 25 }, { most: 1024 }],
    ['end a tier earlier over that', { threads: 26 }, { most: 64 }],
    ['take another share', { threads: 50, growthShare: 0.5 }, { most: 1024 }],
    [
      'never end below the baseline',
      { threads: 1024, baselineBytes: 256 * KiB },
      { baseline: 256, most: 256 },
    ],
    ['leave a baseline over 1 MiB alone', { baselineBytes: 2 * MiB }, { baseline: 2048, most: 2048 }],
    [
      'take what least and most were given',
      { leastBytes: 16 * KiB, mostBytes: 512 * KiB },
      { least: 16, most: 512 },
    ],
    [
      'have a least that is not over the baseline',
      { baselineBytes: 2 * KiB },
      { baseline: 2, least: 2, most: 1024 },
    ],
    ['are whole multiples of 64 bytes', { baselineBytes: 65_599 }, { baseline: 64, most: 1024 }],
  ])('%s', (_what, more, { baseline, least, most }) => {
    const sizes = blockSizes({ ...given, ...more });
    expect(sizes.mostBytes).toBe(most * KiB);
    if (baseline !== undefined) expect(sizes.baselineBytes).toBe(baseline * KiB);
    if (least !== undefined) expect(sizes.leastBytes).toBe(least * KiB);
  });
});

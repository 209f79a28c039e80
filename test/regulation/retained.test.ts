import { expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { DEFAULT_TIERS, type TierPolicies } from '../../src/pool/tiers.ts';
import { retainedQuota } from '../../src/regulation/retained.ts';

it.each([
  { of: 'the default budget', budgetMiB: 100, threads: 2, maxIdle: [1000, 500, 100], kept: [20, 10, 2] },
  {
    of: 'many threads, one at least',
    budgetMiB: 400,
    threads: 49,
    maxIdle: [1000, 500, 100],
    kept: [1, 1, 1],
  },
  { of: 'few buffers, one at least', budgetMiB: 100, threads: 1, maxIdle: [31, 1, 1], kept: [1, 1, 1] },
  { of: 'tiers that keep none', budgetMiB: 100, threads: 1, maxIdle: [64, 0, 0], kept: [2, 0, 0] },
  {
    of: 'a small budget, a quarter at most',
    budgetMiB: 2,
    threads: 1,
    maxIdle: [32_000, 500, 100],
    kept: [64, 4, 0],
  },
])('a shard keeps its part of $of', ({ budgetMiB, threads, maxIdle, kept }) => {
  const tiers = DEFAULT_TIERS.map((tier, at) => ({
    ...tier,
    maxIdle: maxIdle[at],
  })) as unknown as TierPolicies;
  expect(retainedQuota({ tiers, budgetBytes: budgetMiB * MiB }, threads)).toEqual(kept);
});

/**
 * What right-sizing leaves to each shard, however long it is idle: a burst after a pause is not all misses.
 * Pure.
 */
import type { PoolOptions } from '../pool/options.ts';

/** Of each tier, one in so many of the idle buffers that all shards may keep stays theirs: */
const RETAINED = 16;
/** one at least for each shard, but all of a tier together no more than this share of the budget. */
const RETAINED_SHARE = 0.25;

/** By tier, buffers of quota that one shard keeps at least; `threads` workers and the main thread share. */
export function retainedQuota(
  { tiers, budgetBytes }: Pick<PoolOptions, 'tiers' | 'budgetBytes'>,
  threads: number,
): number[] {
  return tiers.map(({ capacity, maxIdle }) => {
    const share = Math.max(Math.min(1, maxIdle), Math.floor(maxIdle / RETAINED / (threads + 1)));
    const most = Math.floor((RETAINED_SHARE * budgetBytes) / capacity / (threads + 1));
    return Math.min(share, most);
  });
}

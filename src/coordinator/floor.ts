/**
 * What an emergency leaves to each shard: a little of what it used just now. A loop that takes one buffer and
 * gives it back holds that memory half of the time anyway; without a place for it each turn allocates. Pure.
 */
import { POOLED_TIERS } from '../pool/tiers.ts';
import type { ShardUse } from './usage.ts';

/** By tier, buffers that one shard keeps at most. */
const MOST = [16, 4, 1];
/** Of the budget, what all shards together keep at most: no more than pressure falls by until it is over. */
const SHARE = 0.1;

/**
 * By row and tier, how many idle buffers stay: the first of each tier for every shard before the second of
 * any.
 */
export function floors(
  shards: readonly Pick<ShardUse, 'row' | 'use'>[],
  tierKib: (tier: number) => number,
  limitKib: number,
): Map<number, number[]> {
  const kept = new Map(shards.map(({ row }) => [row, [0, 0, 0]]));
  let left = SHARE * limitKib;
  for (let count = 1; count <= Math.max(...MOST); count++) {
    for (let tier = 0; tier < POOLED_TIERS; tier++) {
      const kib = tierKib(tier);
      for (const { row, use } of shards) {
        if (count > Math.min(MOST[tier], use[tier]) || kib > left) continue;
        (kept.get(row) as number[])[tier] = count;
        left -= kib;
      }
    }
  }
  return kept;
}

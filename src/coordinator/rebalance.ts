/**
 * Which shard should pass on quota or buffers to which: a pure function of what the rows show. It imports no
 * worker, clock or Atomics.
 *
 * Evidence decides, not idleness: a shard needs quota only if it allocated *and* freed buffers of the tier
 * for lack of room in the same interval; it needs buffers if it allocated at all. A donor passes on what lay
 * idle through the whole interval (its low-water mark), so one of the right size, hitting all the time, loses
 * nothing it uses. What the main thread frees for lack of room came with results: it is the workers that
 * allocate it again, and that give the room.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';

/** One shard over the last interval; arrays by tier. */
export interface ShardView {
  readonly row: number;
  readonly idle: readonly number[];
  /** Fewest idle at any moment of the interval. */
  readonly idleLow: readonly number[];
  /** Most idle at any moment of the interval. */
  readonly idleHigh: readonly number[];
  readonly quota: readonly number[];
  /** Requests of the tier that had to allocate. */
  readonly misses: readonly number[];
  /** Buffers freed because the free list was full. */
  readonly overflows: readonly number[];
}

export interface RebalancePolicy {
  /** Misses in an interval that make a shard a receiver, 1 or more. */
  readonly leastMisses: number;
  /** Quota or buffers that one round moves at most, for each tier and pair. */
  readonly mostPerRound: number;
  /** By tier, what one shard may keep at most: no more than the budget holds. */
  readonly mostQuota: readonly number[];
  /** The first tier whose buffers are worth moving: below it, allocating is cheaper than a message. */
  readonly firstMovedTier: number;
}

export const DEFAULT_REBALANCE: RebalancePolicy = {
  leastMisses: 4,
  mostPerRound: 64,
  mostQuota: [Infinity, Infinity, Infinity],
  firstMovedTier: 1,
};

export type Move =
  | {
      readonly kind: 'quota';
      readonly tier: number;
      readonly from: number;
      readonly to: number;
      readonly count: number;
    }
  | {
      readonly kind: 'buffers';
      readonly tier: number;
      readonly from: number;
      readonly to: number;
      readonly count: number;
    };

/** Decides one round. O(shards log shards) for each tier. */
export function rebalance(shards: readonly ShardView[], policy: RebalancePolicy = DEFAULT_REBALANCE): Move[] {
  const moves: Move[] = [];
  for (let tier = 0; tier < POOLED_TIERS; tier++) {
    const wanting = (shard: ShardView): boolean => shard.misses[tier] >= policy.leastMisses;
    const receivers = shards.filter(wanting).sort((a, b) => b.misses[tier] - a.misses[tier]);
    if (receivers.length === 0) continue;
    const main = shards.filter((shard) => shard.row === MAIN_ROW && !wanting(shard));
    const workers = shards.filter(({ row }) => row !== MAIN_ROW);
    /** Rows that gave quota of this tier in this round. */
    const gave = new Set<number>();
    const missed = workers.reduce((sum, shard) => sum + shard.misses[tier], 0);
    pair('quota', main, workers, (shard) => wantedQuota(shard, missed), emptyQuota);
    // A receiver is no donor in the same round: what it got would go round in circles.
    const donors = shards.filter((shard) => !wanting(shard));
    pair('quota', receivers, donors, (shard) => wantedQuota(shard, shard.misses[tier]), spareQuota);
    if (tier >= policy.firstMovedTier) {
      pair('buffers', receivers, donors, room, (shard) => shard.idleLow[tier]);
    }

    function wantedQuota(shard: ShardView, misses: number): number {
      return Math.min(misses, shard.overflows[tier], policy.mostQuota[tier] - shard.quota[tier]);
    }

    /** Of quota that the list never came near, half. */
    function emptyQuota(shard: ShardView): number {
      return shard.overflows[tier] > 0
        ? 0
        : Math.ceil(Math.max(0, shard.quota[tier] - 2 * shard.idleHigh[tier]) / 2);
    }

    function spareQuota(shard: ShardView): number {
      // What came and went through the list is what it uses. Of the rest half, so that several rounds
      // approach its need without passing it.
      const used = Math.max(0, shard.idleHigh[tier] - shard.idleLow[tier]);
      return shard.overflows[tier] > 0 ? 0 : Math.ceil(Math.max(0, shard.quota[tier] - 2 * used) / 2);
    }

    /** They bring their places along. */
    function room(shard: ShardView): number {
      return Math.min(shard.misses[tier], policy.mostQuota[tier] - shard.idle[tier]);
    }

    function pair(
      kind: 'quota' | 'buffers',
      to: readonly ShardView[],
      from: readonly ShardView[],
      want: (shard: ShardView) => number,
      spare: (shard: ShardView) => number,
    ): void {
      const offers = from
        .map((shard) => ({ row: shard.row, left: spare(shard) }))
        .filter(({ row, left }) => left > 0 && !(kind === 'quota' && gave.has(row)))
        .sort((a, b) => b.left - a.left);
      let next = 0;
      for (const receiver of to) {
        let wanted = want(receiver);
        while (wanted > 0 && next < offers.length) {
          const offer = offers[next];
          const count = Math.min(wanted, offer.left, policy.mostPerRound);
          moves.push({ kind, tier, from: offer.row, to: receiver.row, count });
          wanted -= count;
          offer.left -= count;
          if (kind === 'quota') gave.add(offer.row);
          // One batch from a donor in a round; the rest waits until the rows show what it did.
          next++;
        }
      }
    }
  }
  return moves;
}

/**
 * What each shard used and left alone since somebody last asked: gathered at every round of the coordinator,
 * on the main thread.
 * Invariant: nothing that a round showed is lost between two calls of `take`.
 */
import { POOLED_TIERS } from '../pool/tiers.ts';
import type { ShardView } from './rebalance.ts';

export interface ShardUse {
  readonly row: number;
  /** By tier, the most buffers in use, or taken out of the free list, at once. */
  readonly use: readonly number[];
  /** By tier, idle buffers that nobody needed: the fewest there were at any time. */
  readonly unused: readonly number[];
}

export class Usage {
  readonly #rows = new Map<number, { use: number[]; unused: number[] }>();

  /** `inUse` is how many buffers of a tier a row has lent now. */
  observe(views: readonly ShardView[], inUse: (row: number, tier: number) => number): void {
    for (const { row, idleLow, idleHigh, misses } of views) {
      let seen = this.#rows.get(row);
      if (seen === undefined) {
        seen = { use: [0, 0, 0], unused: [Infinity, Infinity, Infinity] };
        this.#rows.set(row, seen);
      }
      for (let tier = 0; tier < POOLED_TIERS; tier++) {
        const drawn = Math.max(idleHigh[tier] - idleLow[tier], inUse(row, tier), Math.min(misses[tier], 1));
        seen.use[tier] = Math.max(seen.use[tier], drawn);
        seen.unused[tier] = Math.min(seen.unused[tier], idleLow[tier]);
      }
    }
  }

  /** As {@link take}, and what is shown stays to be taken. */
  show(): ShardUse[] {
    return Array.from(this.#rows, ([row, { use, unused }]) => ({ row, use, unused }));
  }

  take(): ShardUse[] {
    const taken = this.show();
    this.#rows.clear();
    return taken;
  }

  forget(row: number): void {
    this.#rows.delete(row);
  }
}

/**
 * Moves quota between shards: the donor is told first, and the quota is credited only when it has answered.
 * Owned by the coordinator, on the main thread. Invariant: that of `Quotas`; what is on its way is in one
 * open ask.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Shard } from '../pool/shard.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import type { Ask, Asks } from './asks.ts';
import type { Links } from './links.ts';
import type { Quotas } from './quotas.ts';
import type { ShardView } from './rebalance.ts';

/** No row: quota that goes there is spare. */
export const SPARE = -1;

export class QuotaMoves {
  /** What shards freed because their quota fell. */
  freedKib = 0;
  readonly #shard: Shard;
  readonly #links: Links;
  readonly #asks: Asks;
  readonly #quotas: Quotas;

  constructor(shard: Shard, links: Links, asks: Asks, quotas: Quotas) {
    this.#shard = shard;
    this.#links = links;
    this.#asks = asks;
    this.#quotas = quotas;
  }

  /** False when nothing is moved now: there is none, or the donor still owes an answer. */
  move(from: number, to: number, tier: number, most: number): boolean {
    if (this.#asks.pending(from, 'quota', tier)) return false;
    const count = Math.min(most, this.#quotas.of(from)[tier]);
    if (count <= 0) return false;
    const quota = this.#quotas.lower(from, tier, count);
    if (from === MAIN_ROW) {
      this.freedKib += this.#shard.idle.setQuota(tier, quota);
      this.raise(to, tier, count);
      return true;
    }
    const ticket = this.#asks.open({ donor: from, to, kind: 'quota', tier, count });
    this.#links.post(from, { kind: 'quota', ticket, tier, quota });
    return true;
  }

  /** The donor has lowered its quota and freed so many KiB for it, or is gone. */
  credit({ to, tier, count }: Ask, freedKib: number): void {
    this.freedKib += freedKib;
    this.raise(to, tier, count);
  }

  /** Credits quota to a row; to the spare ones when the row has gone meanwhile. */
  raise(row: number, tier: number, count: number): void {
    const quota = this.#quotas.raise(row, tier, count);
    if (row === MAIN_ROW) this.#shard.idle.setQuota(tier, quota);
    else if (this.#links.has(row)) this.#links.post(row, { kind: 'quota', ticket: 0, tier, quota });
  }

  /** Gives a row up to `most` of what is spare, and returns how much that was. */
  spend(row: number, tier: number, most: number): number {
    const count = this.#quotas.takeSpare(tier, most);
    if (count > 0) this.raise(row, tier, count);
    return count;
  }

  /** What is spare goes to whoever freed buffers for lack of it. */
  spendSpare(views: readonly ShardView[]): void {
    for (const { row, overflows } of views) {
      for (let tier = 0; tier < POOLED_TIERS; tier++) {
        if (overflows[tier] > 0) this.spend(row, tier, overflows[tier]);
      }
    }
  }
}

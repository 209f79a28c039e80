/**
 * Moves quota between shards, and idle buffers with it: the donor is told first, and the quota is credited
 * only when it has answered. Owned by the coordinator, on the main thread.
 * Invariant: that of `Quotas`; what is on its way is in one open ask, or stands for buffers that left with a
 * task. So each buffer that is idle, or moves as idle memory, has its place in a quota, wherever it is.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import type { Ask, Asks } from './asks.ts';
import { chargeOf, type Links } from './links.ts';
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
  /** By row, the places by tier of what left with tasks, and may not have arrived. */
  readonly #left = new Map<number, number[]>();
  readonly #reserved: () => boolean;

  /** @param reserved whether what is free now is no more than the reserve, which is for running tasks only */
  constructor(shard: Shard, links: Links, asks: Asks, quotas: Quotas, reserved: () => boolean) {
    this.#reserved = reserved;
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

  /** As {@link move}, with as many idle buffers as there are then. Returns how many these may be. */
  moveBuffers(from: number, to: number, tier: number, most: number): number {
    if (this.#asks.pending(from, 'want', tier)) return 0;
    const count = Math.min(most, this.#quotas.of(from)[tier]);
    if (count <= 0) return 0;
    if (from === MAIN_ROW) {
      const buffers = this.#shard.idle.detach(tier, count).map((store) => store.buffer);
      if (buffers.length === 0) return 0;
      this.#shard.idle.setQuota(tier, this.#quotas.lower(from, tier, buffers.length));
      this.raise(to, tier, buffers.length, buffers);
      return buffers.length;
    }
    const quota = this.#quotas.lower(from, tier, count);
    const ticket = this.#asks.open({ donor: from, to, kind: 'want', tier, count });
    this.#links.post(from, { kind: 'want', ticket, tier, count, quota });
    return count;
  }

  /** The donor has lowered its quota and freed so many KiB for it, or is gone. */
  credit({ to, tier, count }: Ask, freedKib: number): void {
    this.freedKib += freedKib;
    this.raise(to, tier, count);
  }

  /** The donor has detached buffers, or is gone. What was lowered for more than these goes back to it. */
  surrendered({ donor, to, tier, count }: Ask, buffers: ArrayBuffer[]): void {
    if (buffers.length < count) this.raise(donor, tier, count - buffers.length);
    if (buffers.length > 0) this.raise(to, tier, buffers.length, buffers);
  }

  /**
   * Credits quota to a row, with buffers that are charged to this thread; to the spare ones when the row has
   * gone meanwhile. Buffers that cannot be sent stay here.
   */
  raise(row: number, tier: number, count: number, buffers: ArrayBuffer[] = []): void {
    const quota = this.#quotas.raise(row, tier, count);
    if (row === MAIN_ROW) {
      this.#shard.idle.setQuota(tier, quota);
      this.reattach(tier, buffers);
    } else if (buffers.length === 0) this.#links.post(row, { kind: 'quota', ticket: 0, tier, quota });
    else if (!this.#links.send(row, { kind: 'gift', tier, buffers, quota })) {
      if (this.#links.has(row)) {
        this.#quotas.lower(row, tier, count);
        this.raise(MAIN_ROW, tier, count, buffers);
      } else this.reattach(tier, buffers);
    }
  }

  /**
   * Buffers that come from workers, or could not be sent, are idle here: one of them may be the reason. But
   * not where they would be of the reserve, since what this thread has may wait for running tasks to end.
   */
  reattach(tier: number, buffers: readonly ArrayBuffer[]): void {
    if (buffers.length === 0) return;
    const kib = chargeOf(buffers);
    this.#shard.idle.reattach(buffers.map((buffer) => new Store(buffer, tier)));
    if (this.#reserved()) this.#shard.idle.trim(kib);
  }

  /** So many buffers leave here with a task, and are attached before its end. */
  leave(row: number, tier: number, count: number): void {
    let left = this.#left.get(row);
    if (left === undefined) {
      left = [0, 0, 0];
      this.#left.set(row, left);
    }
    left[tier] += count;
    this.#shard.idle.setQuota(tier, this.#quotas.lower(MAIN_ROW, tier, count));
  }

  /** What left for a row has arrived, or is gone. */
  arrived(row: number): void {
    const left = this.#left.get(row);
    if (left === undefined) return;
    this.#left.delete(row);
    for (let tier = 0; tier < POOLED_TIERS; tier++)
      if (left[tier] > 0) this.raise(MAIN_ROW, tier, left[tier]);
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

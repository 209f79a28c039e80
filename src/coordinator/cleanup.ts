/**
 * Makes shards free memory: what they left unused, quota that they do not need, and in an emergency nearly
 * everything that is idle. Owned by the coordinator, on the main thread; when to do what is decided elsewhere
 * (regulation/).
 * Invariant: every trim is counted once, when it is answered; quota that an emergency took is spare or under
 * way, and no more than that is returned.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Shard } from '../pool/shard.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import type { Asks } from './asks.ts';
import { floors } from './floor.ts';
import type { Links } from './links.ts';
import { type QuotaMoves, SPARE } from './quota-moves.ts';
import type { Quotas } from './quotas.ts';
import type { ShardView } from './rebalance.ts';
import type { RowReader } from './row-reader.ts';
import { type ShardUse, Usage } from './usage.ts';

export const EVERYTHING = [Infinity, Infinity, Infinity];
const NOTHING = [0, 0, 0];

export class Cleanup {
  /** Of trims that were answered: what they were to free at most, and what they freed. */
  askedKib = 0;
  trimmedKib = 0;
  readonly #shard: Shard;
  readonly #rows: RowReader;
  readonly #links: Links;
  readonly #asks: Asks;
  readonly #quotas: Quotas;
  readonly #moves: QuotaMoves;
  readonly #usage = new Usage();
  /** By row and tier, the quota that an emergency took and has not returned yet. */
  readonly #dropped = new Map<number, number[]>();
  /** By row and tier, what an emergency leaves. */
  #floors = new Map<number, readonly number[]>();
  #draining = false;

  constructor(shard: Shard, rows: RowReader, links: Links, asks: Asks, quotas: Quotas, moves: QuotaMoves) {
    this.#shard = shard;
    this.#rows = rows;
    this.#links = links;
    this.#asks = asks;
    this.#quotas = quotas;
    this.#moves = moves;
  }

  observe(views: readonly ShardView[]): void {
    this.#usage.observe(views, (row, tier) => this.#rows.inUse(row, tier));
    if (!this.#draining) this.#returnQuota();
  }

  /** What the shards used since the last call, with the quota that each has now. */
  takeUse(): (ShardUse & { readonly quota: readonly number[] })[] {
    return this.#usage.take().map((use) => ({ ...use, quota: [...this.#quotas.of(use.row)] }));
  }

  /**
   * Makes a shard free so many idle buffers of each tier at its next safepoint; returns the KiB that this may
   * come to.
   */
  clear(row: number, counts: readonly number[]): number {
    let kib = 0;
    for (let tier = 0; tier < POOLED_TIERS; tier++) {
      kib += Math.min(counts[tier], this.#rows.idle(row, tier)) * this.#rows.tierKib(tier);
    }
    if (kib === 0) return 0;
    if (row === MAIN_ROW) {
      this.answered(kib, this.#shard.idle.clear(counts));
      return kib;
    }
    const ticket = this.#asks.open({ donor: row, to: SPARE, kind: 'clear', tier: 0, count: kib });
    if (ticket === 0) return 0;
    this.#links.post(row, { kind: 'clear', ticket, counts });
    return kib;
  }

  /**
   * Takes quota from a shard, which frees at its next safepoint what is idle over it. False when it cannot be
   * asked now.
   */
  lowerQuota(row: number, tier: number, count: number): boolean {
    return this.#moves.move(row, SPARE, tier, count);
  }

  /**
   * One round of an emergency: what is idle is freed, and so is what is released from now on, but for a
   * little of what each shard uses (floor.ts). To be called again while it lasts, for quota that was under
   * way and for uses that change. Returns the KiB asked for.
   */
  drain(limitKib: number): number {
    this.#draining = true;
    this.#floors = floors(this.#usage.show(), (tier) => this.#rows.tierKib(tier), limitKib);
    let kib = 0;
    for (const row of [MAIN_ROW, ...this.#links.rows]) {
      const floor = this.#floors.get(row) ?? NOTHING;
      kib += this.clear(
        row,
        floor.map((count, tier) => Math.max(0, this.#rows.idle(row, tier) - count)),
      );
      const dropped = this.#dropped.get(row) ?? [0, 0, 0];
      this.#dropped.set(row, dropped);
      [...this.#quotas.of(row)].forEach((quota, tier) => {
        const over = quota - floor[tier];
        if (over < 0) dropped[tier] -= this.#moves.spend(row, tier, Math.min(-over, dropped[tier]));
        else if (this.#moves.move(row, SPARE, tier, over)) dropped[tier] += over;
      });
    }
    return kib;
  }

  /** Idle memory of a tier that an emergency leaves where it is. */
  keptKib(tier: number): number {
    let count = 0;
    for (const [row, floor] of this.#floors) count += Math.min(floor[tier], this.#rows.idle(row, tier));
    return count * this.#rows.tierKib(tier);
  }

  /**
   * The emergency is over: shards get back the quota that it took, and what is still under way once it
   * arrives.
   */
  refill(): void {
    this.#draining = false;
    this.#floors.clear();
    this.#returnQuota();
  }

  /** A shard has freed what it could of what it was asked. */
  answered(askedKib: number, freedKib: number): void {
    this.askedKib += askedKib;
    this.trimmedKib += freedKib;
  }

  /** What shards freed because they were told to. */
  get freedKib(): number {
    return this.trimmedKib + this.#moves.freedKib;
  }

  #returnQuota(): void {
    for (const [row, dropped] of this.#dropped) {
      dropped.forEach((count, tier) => {
        dropped[tier] -= this.#moves.spend(row, tier, count);
      });
      if (dropped.every((count) => count === 0)) this.#dropped.delete(row);
    }
  }

  forget(row: number): void {
    this.#usage.forget(row);
    this.#dropped.delete(row);
    this.#floors.delete(row);
  }
}

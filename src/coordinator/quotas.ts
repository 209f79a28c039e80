/**
 * How many idle buffers of each tier each shard may keep. Owned by the coordinator, on the main thread.
 * Invariant: for each tier, what the rows have plus what is spare plus what is on its way between two rows is
 * the tier's total, always.
 */
import { POOLED_TIERS, type TierPolicies } from '../pool/tiers.ts';

export class Quotas {
  readonly #shards: number;
  /** By tier, an even share of the total. */
  readonly #even: readonly number[];
  readonly #spare: number[];
  readonly #rows = new Map<number, number[]>();

  /** `shards` is how many threads, main included, share the totals evenly at the start. */
  constructor(tiers: TierPolicies, shards: number) {
    this.#spare = tiers.map((tier) => tier.maxIdle);
    this.#shards = shards;
    this.#even = tiers.map(({ maxIdle }) => Math.ceil(maxIdle / shards));
  }

  /**
   * Gives a new row its share of what is spare: as much as each row that is still to come, an even share at
   * most.
   */
  open(row: number): number[] {
    const awaited = Math.max(1, this.#shards - this.#rows.size);
    const quotas = this.#spare.map((spare, tier) => Math.min(Math.ceil(spare / awaited), this.#even[tier]));
    for (let tier = 0; tier < POOLED_TIERS; tier++) this.#spare[tier] -= quotas[tier];
    this.#rows.set(row, quotas);
    return [...quotas];
  }

  /** Takes a row's quotas back when its thread is gone. */
  close(row: number): void {
    const quotas = this.#rows.get(row) ?? [];
    this.#rows.delete(row);
    for (let tier = 0; tier < quotas.length; tier++) this.#spare[tier] += quotas[tier];
  }

  of(row: number): readonly number[] {
    return this.#rows.get(row) ?? [0, 0, 0];
  }

  /** Takes `count` off a row and returns what is left; the caller has it until it calls `raise`. */
  lower(row: number, tier: number, count: number): number {
    const quotas = this.#rows.get(row);
    if (quotas === undefined || quotas[tier] < count)
      throw new RangeError(`row ${row} has no ${count} to give`);
    quotas[tier] -= count;
    return quotas[tier];
  }

  /** Takes up to `count` of what is spare; the caller has it until it calls `raise`. */
  takeSpare(tier: number, count: number): number {
    const taken = Math.min(count, this.#spare[tier]);
    this.#spare[tier] -= taken;
    return taken;
  }

  /**
   * Credits `count` to a row, or to the spare ones when there is no such row, and returns the row's quota.
   */
  raise(row: number, tier: number, count: number): number {
    const quotas = this.#rows.get(row);
    if (quotas === undefined) {
      this.#spare[tier] += count;
      return 0;
    }
    quotas[tier] += count;
    return quotas[tier];
  }
}

/**
 * Counts straight into a row, by plain stores. Owned by the row's thread, the only one that writes its
 * counters; what each of them means is said where it is read (`Counters`).
 */
import type { Bytes } from '../bytes.ts';
import { HIT } from '../pool/causes.ts';
import type { ShardCounts } from '../pool/supply.ts';
import {
  ALLOCATED,
  ALLOCATIONS,
  FOREIGN,
  FREED,
  HELD,
  LEAKS,
  OVERFLOWS,
  PROCESSED,
  QUARANTINED,
  RELEASES,
  SERVED,
  SPENT,
  TIERS,
} from './layout.ts';
import type { LedgerRow } from './row.ts';

export class Counting implements ShardCounts {
  /** Of the same memory: the hit path adds to these by itself, where a method call would cost too much. */
  readonly hits: Float64Array;
  readonly releases: Float64Array;
  readonly #values: Float64Array;

  constructor(row: LedgerRow) {
    this.#values = row.counters.values;
    this.hits = this.#values.subarray(SERVED + HIT * TIERS, SERVED + (HIT + 1) * TIERS);
    this.releases = this.#values.subarray(RELEASES, RELEASES + TIERS);
  }

  served(cause: number, tier: number): void {
    this.#values[SERVED + cause * TIERS + tier]++;
  }

  spent(cause: number, nanoseconds: number): void {
    this.#values[SPENT + cause] += nanoseconds;
  }

  overflowed(tier: number): void {
    this.#values[OVERFLOWS + tier]++;
  }

  leaked(): void {
    this.#values[LEAKS]++;
  }

  quarantined(): void {
    this.#values[QUARANTINED]++;
  }

  endedForeign(): void {
    this.#values[FOREIGN]++;
  }

  held(tier: number, kib: number): void {
    this.#values[HELD + tier] += kib;
  }

  allocated(tier: number, kib: number): void {
    this.#values[ALLOCATIONS + tier]++;
    this.#values[ALLOCATED + tier] += kib;
    this.held(tier, kib);
  }

  freed(tier: number, kib: number): void {
    this.#values[FREED + tier] += kib;
    this.held(tier, -kib);
  }

  /** A job reported so much audio as processed. */
  processed(bytes: Bytes): void {
    this.#values[PROCESSED] += bytes;
  }
}

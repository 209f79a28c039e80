/**
 * The exact counters of a shard, read by name: a view of a row's, or a copy of its own. Any thread may read a
 * row's, as they are: plain loads, each whole, but one may be newer than another. They are written by
 * `Counting`, and cleared by the ledger when the row is free.
 */
import type { Bytes } from '../bytes.ts';
import { CAUSES, REFUSED } from '../pool/causes.ts';
import {
  ALLOCATED,
  ALLOCATIONS,
  COUNTERS,
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

export class Counters {
  /** All of them, in the order of the layout. */
  readonly values: Float64Array;

  constructor(values: Float64Array = new Float64Array(COUNTERS)) {
    this.values = values;
  }

  /** Requests of a tier that a step of the ladder served, or (`REFUSED`) none did. */
  served(cause: number, tier: number): number {
    return this.values[SERVED + cause * TIERS + tier];
  }

  /** Requests that got memory. */
  get acquires(): number {
    let sum = 0;
    for (const cause of CAUSES.keys()) if (cause !== REFUSED) sum += this.#allTiers(SERVED + cause * TIERS);
    return sum;
  }

  /** Requests that ended without. */
  get refused(): number {
    return this.#allTiers(SERVED + REFUSED * TIERS);
  }

  /** Leases ended, by tier of the request. */
  releases(tier: number): number {
    return this.values[RELEASES + tier];
  }

  get allReleases(): number {
    return this.#allTiers(RELEASES);
  }

  /** Of these, leases of another thread. */
  get endedForeign(): number {
    return this.values[FOREIGN];
  }

  /** Buffers freed because the free list was at its quota. */
  overflows(tier: number): number {
    return this.values[OVERFLOWS + tier];
  }

  /** Leases that a task forgot. */
  get leaks(): number {
    return this.values[LEAKS];
  }

  /** Buffers in quarantine ever. */
  get quarantined(): number {
    return this.values[QUARANTINED];
  }

  /** KiB that the thread holds: idle, leased or in quarantine. Not a count of events: it falls, too. */
  heldKib(tier: number): number {
    return this.values[HELD + tier];
  }

  get allHeldKib(): number {
    return this.#allTiers(HELD);
  }

  /** Buffers allocated. */
  allocations(tier: number): number {
    return this.values[ALLOCATIONS + tier];
  }

  /** KiB allocated, and freed. */
  allocatedKib(tier: number): number {
    return this.values[ALLOCATED + tier];
  }

  freedKib(tier: number): number {
    return this.values[FREED + tier];
  }

  /** Of audio, as jobs reported it. */
  get processedBytes(): Bytes {
    return this.values[PROCESSED];
  }

  /**
   * Nanoseconds that the thread spent in requests which a step of the ladder served, or (`REFUSED`) none did:
   * of what is recorded, so of hits an estimate; of several leases at once the time they took together.
   */
  spentNanoseconds(cause: number): number {
    return this.values[SPENT + cause];
  }

  /** As they are now. */
  copy(): Counters {
    return new Counters(this.values.slice());
  }

  /** Adds others to these, which are no row's. */
  add(others: Counters): void {
    for (let counter = 0; counter < COUNTERS; counter++) this.values[counter] += others.values[counter];
  }

  #allTiers(first: number): number {
    let sum = 0;
    for (let tier = 0; tier < TIERS; tier++) sum += this.values[first + tier];
    return sum;
  }
}

/**
 * Which shard acquired a lease and which one released it, where they differ: it shows memory that drains from
 * one shard into another. Owned by the coordinator, on the main thread, which sees every lease that changes
 * its thread.
 * Invariant: counts only rise; those of a thread that is gone are kept under `GONE`.
 */

/** Stands for all threads that are gone. */
export const GONE = -1;

export interface Crossing {
  readonly acquiredBy: number;
  readonly releasedBy: number;
  readonly leases: number;
}

export class Flow {
  readonly #leases = new Map<number, Map<number, number>>();

  count(acquiredBy: number, releasedBy: number, leases = 1): void {
    const from = this.#leases.get(acquiredBy) ?? new Map<number, number>();
    this.#leases.set(acquiredBy, from);
    from.set(releasedBy, (from.get(releasedBy) ?? 0) + leases);
  }

  get crossings(): Crossing[] {
    return [...this.#leases].flatMap(([acquiredBy, to]) =>
      [...to].map(([releasedBy, leases]) => ({ acquiredBy, releasedBy, leases })),
    );
  }

  /** The thread of a row is gone. */
  retire(row: number): void {
    const crossings = this.crossings;
    this.#leases.clear();
    const kept = (shard: number): number => (shard === row ? GONE : shard);
    for (const { acquiredBy, releasedBy, leases } of crossings) {
      this.count(kept(acquiredBy), kept(releasedBy), leases);
    }
  }
}

/**
 * Memory that may be neither reused, nor moved, nor freed: native code still holds it, or it was transferred away or marked
 * untransferable behind the pool's back. Owned by one shard, on its thread. Invariant: what is in here stays charged.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { Store } from './store.ts';

export class Quarantine {
  readonly #stores = new Set<Store>();
  readonly #entered: () => void;

  /** `entered` is called for every store that comes in. */
  constructor(entered: () => void) {
    this.#entered = entered;
  }

  add(store: Store): void {
    this.#stores.add(store);
    this.#entered();
  }

  /** False when it was not in here. */
  remove(store: Store): boolean {
    return this.#stores.delete(store);
  }

  some(test: (store: Store) => boolean): boolean {
    for (const store of this.#stores) if (test(store)) return true;
    return false;
  }

  /** Leaves everything to the garbage collector, for good; returns the KiB that were charged for it here. */
  abandon(): Bytes {
    let kib = 0;
    for (const { loan, capacity } of this.#stores) if (loan === 0) kib += capacity / KiB;
    this.#stores.clear();
    return kib;
  }
}

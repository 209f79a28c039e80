/**
 * Memory that may be neither reused, nor moved, nor freed: native code still holds it, or it was transferred
 * away or marked untransferable without the pool. Owned by one shard, on its thread. Invariant: what is in
 * here stays charged.
 */
import type { Store } from './store.ts';

export class Quarantine {
  readonly #stores = new Set<Store>();
  readonly #entered: () => void;

  /** `entered` is called for every store that is put in by {@link add}. */
  constructor(entered: () => void) {
    this.#entered = entered;
  }

  add(store: Store): void {
    this.#stores.add(store);
    this.#entered();
  }

  /** As {@link add}, for what leaves by itself: it is no event. */
  keep(store: Store): void {
    this.#stores.add(store);
  }

  /** False when it was not in here. */
  remove(store: Store): boolean {
    return this.#stores.delete(store);
  }

  some(test: (store: Store) => boolean): boolean {
    for (const store of this.#stores) if (test(store)) return true;
    return false;
  }

  /** Leaves everything to the garbage collector; returns what was charged here. */
  abandon(): Store[] {
    const own = [...this.#stores].filter(({ loan }) => loan === 0);
    this.#stores.clear();
    return own;
  }
}

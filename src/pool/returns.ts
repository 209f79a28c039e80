/**
 * Idle stores that results brought, by the worker that they came from. Owned by one free list.
 * Invariant: no list in here is empty.
 */
import type { Store } from './store.ts';

const NOTHING: readonly Store[] = [];

export class Returns {
  readonly #stores = new Map<number, Store[]>();

  put(store: Store): void {
    const stores = this.#stores.get(store.origin);
    if (stores === undefined) this.#stores.set(store.origin, [store]);
    else stores.push(store);
  }

  /** One of any worker's. */
  take(): Store | undefined {
    for (const [origin, stores] of this.#stores) {
      const store = stores.pop();
      if (stores.length === 0) this.#stores.delete(origin);
      return store;
    }
    return undefined;
  }

  /** All of a worker's. */
  takeAll(origin: number): readonly Store[] {
    const stores = this.#stores.get(origin);
    if (stores === undefined) return NOTHING;
    this.#stores.delete(origin);
    return stores;
  }

  some(test: (store: Store) => boolean): boolean {
    for (const stores of this.#stores.values()) if (stores.some(test)) return true;
    return false;
  }
}

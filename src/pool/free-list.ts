import type { Store } from './store.ts';

/**
 * Idle buffers of one tier, last in first out: the one most likely to be in cache comes first.
 * Owned by one shard and touched by its thread only. Invariant: `length <= quota` after every push;
 * the published words hold the length, its peak, and its lowest value since the coordinator last reset it.
 */
export class FreeList {
  /** How many may stay; lowering it frees nothing by itself (see `Shard.setQuota`). */
  quota: number;
  readonly #stores: Store[] = [];
  readonly #words: Int32Array;
  readonly #idle: number;
  readonly #peak: number;
  readonly #low: number;

  /** `words[idle]`, `words[peak]` and `words[low]` are plain stores that others read as hints. */
  constructor(quota: number, words: Int32Array, idle: number, peak: number, low: number) {
    this.quota = quota;
    this.#words = words;
    this.#idle = idle;
    this.#peak = peak;
    this.#low = low;
  }

  get length(): number {
    return this.#stores.length;
  }

  holds(buffer: ArrayBufferLike): boolean {
    return this.#stores.some((store) => store.buffer === buffer);
  }

  pop(): Store | undefined {
    const store = this.#stores.pop();
    if (store !== undefined) {
      const left = this.#stores.length;
      const words = this.#words;
      words[this.#idle] = left;
      if (left < words[this.#low]) words[this.#low] = left;
    }
    return store;
  }

  /** False, and nothing happened, when the list is at its quota. */
  push(store: Store): boolean {
    const length = this.#stores.length;
    if (length >= this.quota) return false;
    this.#stores.push(store);
    const words = this.#words;
    words[this.#idle] = length + 1;
    if (length >= words[this.#peak]) words[this.#peak] = length + 1;
    return true;
  }
}

import type { Store } from './store.ts';

/**
 * Idle buffers of one tier, last in first out: the one most likely to be in cache comes first.
 * Owned by one shard and touched by its thread only. Invariant: `length <= quota` after every push;
 * the published words hold the length, its peak, and its lowest and highest since the coordinator last reset them.
 */
export class FreeList {
  /** How many may stay; lowering it frees nothing by itself (see `Shard.setQuota`). */
  quota: number;
  /** The idle ones are the first `#length`; what is behind them is left over and means nothing. */
  readonly #stores: Store[] = [];
  #length = 0;
  readonly #words: Int32Array;
  readonly #idle: number;
  readonly #peak: number;
  readonly #low: number;
  readonly #high: number;

  /** `words` at the other four are written by plain stores, which others read as hints. */
  constructor(quota: number, words: Int32Array, idle: number, peak: number, low: number, high: number) {
    this.quota = quota;
    this.#words = words;
    this.#idle = idle;
    this.#peak = peak;
    this.#low = low;
    this.#high = high;
  }

  get length(): number {
    return this.#length;
  }

  some(test: (store: Store) => boolean): boolean {
    for (let at = 0; at < this.#length; at++) if (test(this.#stores[at])) return true;
    return false;
  }

  pop(): Store | undefined {
    const left = this.#length - 1;
    if (left < 0) return undefined;
    this.#length = left;
    const words = this.#words;
    words[this.#idle] = left;
    if (left < words[this.#low]) words[this.#low] = left;
    return this.#stores[left];
  }

  /** False, and nothing happened, when the list is at its quota. */
  push(store: Store): boolean {
    const length = this.#length;
    if (length >= this.quota) return false;
    this.#stores[length] = store;
    this.#length = length + 1;
    const words = this.#words;
    words[this.#idle] = length + 1;
    if (length >= words[this.#high]) this.#rise(length + 1);
    return true;
  }

  /** Apart, because the list is rarely longer than before: the peak is never below the highest since the last reset. */
  #rise(length: number): void {
    const words = this.#words;
    words[this.#high] = length;
    if (length > words[this.#peak]) words[this.#peak] = length;
  }
}

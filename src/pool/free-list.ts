import type { Store } from './store.ts';

// The words that a list publishes, relative to its first: side by side, so that the hot path loads one index
// for all.
/** Idle buffers now. */
export const IDLE = 0;
/** The fewest, and the most, since the coordinator last reset them. */
export const IDLE_LOW = 1;
export const IDLE_HIGH = 2;
/** The most ever. */
export const IDLE_PEAK = 3;
export const LIST_WORDS = 4;

/**
 * Idle buffers of one tier, last in first out: the one most likely to be in cache comes first.
 * Owned by one shard and touched by its thread only. Invariant: `length <= quota` after every push;
 * the published words hold the length, its peak, and its lowest and highest since the coordinator last reset
 * them.
 */
export class FreeList {
  /** How many may stay; lowering it frees nothing by itself (see `Shard.setQuota`). */
  quota: number;
  /** The idle ones are the first `#length`; what follows them is stale and means nothing. */
  readonly #stores: Store[] = [];
  #length = 0;
  readonly #first: number;

  /**
   * `first` is the first of its `LIST_WORDS` in shared memory, written by plain stores, which others read as
   * hints. That memory comes with each call instead of being kept here: the caller has it at hand, and one
   * load less is 1 ns of a hit.
   */
  constructor(quota: number, first: number) {
    this.quota = quota;
    this.#first = first;
  }

  get length(): number {
    return this.#length;
  }

  some(test: (store: Store) => boolean): boolean {
    for (let at = 0; at < this.#length; at++) if (test(this.#stores[at])) return true;
    return false;
  }

  pop(words: Int32Array): Store | undefined {
    const left = this.#length - 1;
    if (left < 0) return undefined;
    this.#length = left;
    const first = this.#first;
    words[first + IDLE] = left;
    if (left < words[first + IDLE_LOW]) words[first + IDLE_LOW] = left;
    return this.#stores[left];
  }

  /** False, and nothing happened, when the list is at its quota. */
  push(store: Store, words: Int32Array): boolean {
    const length = this.#length;
    if (length >= this.quota) return false;
    // Mostly it is back where it was; a load is cheaper than a store that the collector watches.
    if (this.#stores[length] !== store) this.#stores[length] = store;
    this.#length = length + 1;
    const first = this.#first;
    words[first + IDLE] = length + 1;
    if (length >= words[first + IDLE_HIGH]) this.#rise(length + 1, words);
    return true;
  }

  /**
   * Apart, because the list is rarely longer than before: the peak is never below the highest since the last
   * reset.
   */
  #rise(length: number, words: Int32Array): void {
    const first = this.#first;
    words[first + IDLE_HIGH] = length;
    if (length > words[first + IDLE_PEAK]) words[first + IDLE_PEAK] = length;
  }
}

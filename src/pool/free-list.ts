import { Returns } from './returns.ts';
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

const NOTHING: readonly Store[] = [];

/**
 * Idle buffers of one tier, last in first out: the one most likely to be in cache comes first. What came with
 * a worker's result (`origin`) comes last: its worker gets it back, unless it is needed here before.
 * Owned by one shard and touched by its thread only. Invariant: `length <= quota` after every push, whatever
 * the buffers are for; the published words hold the length, its peak, and its lowest and highest since the
 * coordinator last reset them.
 */
export class FreeList {
  /** How many may stay. */
  #quota: number;
  /** How many may stay that wait for nobody: what the quota leaves them. */
  #room: number;
  /** The idle ones are the first `#length`; what follows them is stale and means nothing. */
  readonly #stores: Store[] = [];
  #length = 0;
  /** Those that wait for their workers, and how many they are. */
  readonly #returns = new Returns();
  #waiting = 0;
  readonly #first: number;

  /**
   * `first` is the first of its `LIST_WORDS` in shared memory, written by plain stores, which others read as
   * hints. That memory comes with each call instead of being kept here: the caller has it at hand, and one
   * load less is 1 ns of a hit.
   */
  constructor(quota: number, first: number) {
    this.#quota = quota;
    this.#room = quota;
    this.#first = first;
  }

  get quota(): number {
    return this.#quota;
  }

  /** Lowering it frees nothing by itself (see `IdleMemory.setQuota`). */
  set quota(quota: number) {
    this.#quota = quota;
    this.#room = quota - this.#waiting;
  }

  get length(): number {
    return this.#length + this.#waiting;
  }

  some(test: (store: Store) => boolean): boolean {
    for (let at = 0; at < this.#length; at++) if (test(this.#stores[at])) return true;
    return this.#returns.some(test);
  }

  pop(words: Int32Array): Store | undefined {
    const left = this.#length - 1;
    if (left < 0) return this.#popReturn(words);
    this.#length = left;
    const idle = left + this.#waiting;
    const first = this.#first;
    words[first + IDLE] = idle;
    if (idle < words[first + IDLE_LOW]) words[first + IDLE_LOW] = idle;
    return this.#stores[left];
  }

  /** False, and nothing happened, when the list is at its quota. */
  push(store: Store, words: Int32Array): boolean {
    const length = this.#length;
    if (length >= this.#room) return false;
    // Mostly it is back where it was; a load is cheaper than a store that the collector watches.
    if (this.#stores[length] !== store) this.#stores[length] = store;
    this.#length = length + 1;
    const idle = length + this.#waiting;
    const first = this.#first;
    words[first + IDLE] = idle + 1;
    if (idle >= words[first + IDLE_HIGH]) this.#rise(idle + 1, words);
    return true;
  }

  /** As {@link push}, for a store that goes back to its `origin`. */
  pushReturn(store: Store, words: Int32Array): boolean {
    if (this.#length >= this.#room) return false;
    this.#returns.put(store);
    this.#wait(1, words);
    return true;
  }

  /** Takes out all that wait for a worker. */
  takeReturns(origin: number, words: Int32Array): readonly Store[] {
    if (this.#waiting === 0) return NOTHING;
    const stores = this.#returns.takeAll(origin);
    if (stores.length > 0) this.#wait(-stores.length, words);
    return stores;
  }

  /** Of those that wait for any worker; it is this shard's own from now on. */
  #popReturn(words: Int32Array): Store | undefined {
    const store = this.#returns.take();
    if (store === undefined) return undefined;
    this.#wait(-1, words);
    store.origin = 0;
    store.settle();
    return store;
  }

  /** So many more wait, or less if negative. */
  #wait(more: number, words: Int32Array): void {
    this.#waiting += more;
    this.#room -= more;
    const { length } = this;
    const first = this.#first;
    words[first + IDLE] = length;
    if (more < 0) words[first + IDLE_LOW] = Math.min(length, words[first + IDLE_LOW]);
    else if (length > words[first + IDLE_HIGH]) this.#rise(length, words);
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

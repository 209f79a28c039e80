/**
 * The idle memory of one shard: a free list for each tier, and the only place where the shard's memory is
 * freed. Owned by one thread. Invariant: a store in a list is charged to this shard, intact, scrubbed if
 * asked, and nowhere else; a store that leaves by `free` was freed before its charge was taken back; one that
 * cannot be is quarantined.
 */
import { KiB } from '../bytes.ts';
import { FreeList, LIST_WORDS } from './free-list.ts';
import type { Quarantine } from './quarantine.ts';
import { Store } from './store.ts';
import type { ShardCounts, Supply } from './supply.ts';
import { DIRECT, POOLED_TIERS } from './tiers.ts';

/** Indexes of a shard's own words in shared memory. */
export interface ShardWords {
  readonly words: Int32Array;
  /** Set by others when the mailbox holds something. */
  readonly mail: number;
  /** KiB that the neediest starving shard lacks, 0 when none starves. */
  readonly hunger: number;
  /** First of the words of the free lists, `LIST_WORDS` a tier. */
  readonly lists: number;
  /** First of one word a tier. */
  readonly quota: number;
}

/** What idle and lent memory of one shard share. */
export interface MemoryParts {
  readonly words: ShardWords;
  readonly supply: Supply;
  readonly quarantine: Quarantine;
  readonly counts: ShardCounts;
}

/**
 * A released buffer helps a starving shard if so many like it would meet its need; smaller ones stay in their
 * pools.
 */
const HELPFUL = 16;

export class IdleMemory {
  readonly lists: readonly FreeList[];
  readonly #supply: Supply;
  readonly #quarantine: Quarantine;
  readonly #at: ShardWords;
  readonly #counts: ShardCounts;
  #closed = false;

  constructor(quotas: readonly number[], { words: at, supply, quarantine, counts }: MemoryParts) {
    this.#supply = supply;
    this.#quarantine = quarantine;
    this.#at = at;
    this.#counts = counts;
    this.lists = quotas.slice(0, POOLED_TIERS).map((quota, tier) => {
      at.words[at.quota + tier] = quota;
      return new FreeList(quota, at.lists + tier * LIST_WORDS);
    });
  }

  take(tier: number): Store | undefined {
    return this.lists[tier].pop(this.#at.words);
  }

  /** Keeps a store, or frees it when its list is full or it would help a shard that starves. */
  put(store: Store): void {
    const lackingKib = this.#at.words[this.#at.hunger];
    const helps = lackingKib > 0 && (store.capacity / KiB) * HELPFUL >= lackingKib;
    if (store.tier !== DIRECT && !helps) {
      if (this.#push(store)) return;
      this.#counts.overflowed(store.tier);
    }
    this.free(store);
  }

  /** Attaches a store of another shard, which is then treated as in {@link put}. */
  attachStore(store: Store): void {
    this.#counts.held(store.tier, store.capacity / KiB);
    this.put(store);
  }

  some(test: (store: Store) => boolean): boolean {
    return this.lists.some((list) => list.some(test));
  }

  /** Keeps stores, starving neighbours or not; what is over the quota is freed. */
  putAll(stores: readonly Store[]): void {
    for (const store of stores) if (!this.#push(store)) this.free(store);
  }

  /** Attaches buffers of another shard, which are then treated as in {@link putAll}. */
  attach(tier: number, buffers: readonly ArrayBuffer[]): void {
    const stores = buffers.map((buffer) => new Store(buffer, tier));
    this.#hold(stores, 1);
    this.putAll(stores);
  }

  free(store: Store): void {
    store.lender?.forget(store);
    if (!store.free()) {
      this.#quarantine.add(store);
      return;
    }
    this.#counts.freed(store.tier, store.capacity / KiB);
    this.#supply.uncharge(store.capacity / KiB);
  }

  /** Puts stores back that were detached and could not be sent: one of them cannot be transferred. */
  reattach(stores: readonly Store[]): void {
    this.#hold(stores, 1);
    for (const store of stores) {
      if (store.intact && store.rehome()) this.put(store);
      else this.#quarantine.add(store);
    }
  }

  /**
   * Frees idle stores, largest tier first, until `kib` are free or nothing is idle; returns the KiB freed.
   */
  trim(kib: number): number {
    let freed = 0;
    for (let tier = POOLED_TIERS - 1; tier >= 0 && freed < kib; tier--) {
      const list = this.lists[tier];
      while (freed < kib) {
        const store = list.pop(this.#at.words);
        if (store === undefined) break;
        this.free(store);
        freed += store.capacity / KiB;
      }
    }
    return freed;
  }

  /** Frees up to so many idle stores of each tier; returns the KiB freed. */
  clear(counts: readonly number[]): number {
    let freed = 0;
    for (let tier = 0; tier < POOLED_TIERS; tier++) {
      for (let left = counts[tier]; left > 0; left--) {
        const store = this.take(tier);
        if (store === undefined) break;
        this.free(store);
        freed += store.capacity / KiB;
      }
    }
    return freed;
  }

  /** Detaches up to `count` idle stores of a tier for another shard; their charge moves with them. */
  detach(tier: number, count: number): Store[] {
    const stores: Store[] = [];
    while (stores.length < count) {
      const store = this.take(tier);
      if (store === undefined) break;
      stores.push(store);
    }
    this.#forget(stores);
    return stores;
  }

  /** Detaches what waits here for a worker, as {@link detach}. */
  detachReturns(origin: number, tier: number): readonly Store[] {
    const stores = this.lists[tier].takeReturns(origin, this.#at.words);
    this.#forget(stores);
    return stores;
  }

  /**
   * Changes how many idle stores of a tier may stay, and frees what is over it; returns the KiB freed. Once
   * it is closed none may.
   */
  setQuota(tier: number, most: number): number {
    const quota = this.#closed ? 0 : most;
    const list = this.lists[tier];
    list.quota = quota;
    this.#at.words[this.#at.quota + tier] = quota;
    let freed = 0;
    while (list.length > quota) {
      const store = list.pop(this.#at.words) as Store;
      this.free(store);
      freed += store.capacity / KiB;
    }
    return freed;
  }

  /** Frees everything, and keeps nothing from now on. */
  close(): void {
    this.#closed = true;
    for (let tier = 0; tier < POOLED_TIERS; tier++) this.setQuota(tier, 0);
  }

  #push(store: Store): boolean {
    const list = this.lists[store.tier];
    const { words } = this.#at;
    return store.origin > 0 ? list.pushReturn(store, words) : list.push(store, words);
  }

  #forget(stores: readonly Store[]): void {
    for (const store of stores) store.lender?.forget(store);
    this.#hold(stores, -1);
  }

  #hold(stores: readonly Store[], sign: 1 | -1): void {
    for (const { tier, capacity } of stores) this.#counts.held(tier, (sign * capacity) / KiB);
  }
}

/**
 * The live leases of one shard: it lends stores, takes them back, and ends them with their task.
 *
 * Owns every store that is not idle: under a live lease, homebound (a loan whose lease ended), or in quarantine. Runs on
 * one thread and is touched by no other. Invariant: a store is in exactly one of these, or idle, or was handed out by
 * `moveOut`; a lease lives exactly as long as its store has its generation.
 */
import type { Bytes } from '../bytes.ts';
import type { FreeList } from './free-list.ts';
import type { IdleMemory, ShardWords } from './idle.ts';
import { Lease, MOVED, type Pin, RELEASED } from './lease.ts';
import { detachedError, foreignError, pinnedError } from './lease-errors.ts';
import type { Lender, Store } from './store.ts';
import type { Supply } from './supply.ts';

/** Exact counts of one shard; each call counts one event. */
export interface ShardCounts {
  served(cause: number, tier: number): void;
  released(tier: number): void;
  overflowed(tier: number): void;
  leaked(): void;
  quarantined(): void;
}

/** A lease that its task forgot. */
export interface Leak {
  readonly length: Bytes;
  /** Where it was acquired, if the safety level kept that. */
  readonly stack: string | null;
}

/** What the end of a task left behind. */
export interface TaskEnd {
  readonly leaks: Leak[];
  /** Loans that go back to their lender. */
  readonly homebound: Store[];
  /** Leases that native code still held; their memory is in quarantine. */
  readonly pinned: number;
}

export class Leases implements Lender {
  /** A function cannot be cloned, so neither can a lease that gets into a message other than by a move. */
  readonly uncloneable = (): void => {};
  readonly #idle: IdleMemory;
  readonly #supply: Supply;
  readonly #counts: ShardCounts;
  readonly #grow: (length: Bytes) => Lease;
  // Copies of what the hot path reads, one load away.
  readonly #words: Int32Array;
  readonly #mail: number;
  readonly #hunger: number;
  readonly #lists: readonly FreeList[];
  readonly #scrub: boolean;
  readonly #live: Store[] = [];
  readonly #quarantine = new Set<Store>();
  #homebound: Store[] = [];
  /** The task that leases acquired now belong to; 0 outside tasks. */
  task = 0;

  /** `grow` acquires from the same shard. */
  constructor(
    idle: IdleMemory,
    at: ShardWords,
    supply: Supply,
    counts: ShardCounts,
    scrub: boolean,
    grow: (length: Bytes) => Lease,
  ) {
    this.#idle = idle;
    this.#supply = supply;
    this.#counts = counts;
    this.#grow = grow;
    this.#words = at.words;
    this.#mail = at.mail;
    this.#hunger = at.hunger;
    this.#lists = idle.lists;
    this.#scrub = scrub;
  }

  /** Puts a store under a new lease of the running task; `asked` is the tier of the request. */
  lend(store: Store, length: Bytes, asked: number): Lease {
    const live = this.#live;
    store.lender = this;
    store.length = length;
    store.asked = asked;
    store.task = this.task;
    store.place = live.length;
    live.push(store);
    return new Lease(store, length);
  }

  // Lender: what leases call.

  takeBack(lease: Lease, store: Store): void {
    const words = this.#words;
    if (store.plain && words[this.#mail] === 0 && words[this.#hunger] === 0 && store.intact) {
      if (this.#scrub) store.bytes.fill(0);
      if (this.#lists[store.tier].push(store)) {
        this.#finish(store);
        lease.ended = RELEASED;
        return;
      }
    }
    this.#takeBackSlow(lease, store);
  }

  grow(lease: Lease, store: Store, length: Bytes): void {
    if (store.pins > 0) throw pinnedError(store, 'resized');
    if (!store.intact) throw detachedError(store);
    const larger = this.#grow(length);
    larger.bytes.set(store.bytes.subarray(0, Math.min(lease.length, length)));
    // The two swap their stores: the old one ends under the new lease's name, the caller keeps its own.
    const { store: grown, generation } = larger;
    // It goes on as the same lease: of the task that acquired it, also where another one resizes it.
    grown.task = store.task;
    larger.store = store;
    larger.generation = lease.generation;
    lease.store = grown;
    lease.generation = generation;
    lease.length = length;
    larger.release();
  }

  pinned(store: Store): Pin {
    store.pins++;
    store.settle();
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      store.pins--;
      store.settle();
      if (store.pins === 0 && this.#quarantine.delete(store)) this.#leaveQuarantine(store);
    };
    return { release, [Symbol.dispose]: release };
  }

  // What the thread around the shard calls.

  /** Leases acquired from now on belong to this task (1 or more). */
  beginTask(task: number): void {
    this.task = task;
    this.#supply.safepoint();
  }

  /** Reclaims what the task left: forgotten leases are re-homed, so that no stale view reaches recycled memory. */
  endTask(): TaskEnd {
    const leaks: Leak[] = [];
    let pinned = 0;
    const task = this.task;
    this.task = 0;
    for (const store of this.#live.filter((store) => store.task === task)) {
      if (store.pins > 0) pinned++;
      else if (store.loan === 0) leaks.push(this.#leakOf(store));
      this.#finish(store);
      this.#retire(store, true);
    }
    const homebound = this.#homebound;
    this.#homebound = [];
    this.#supply.safepoint();
    return { leaks, homebound, pinned };
  }

  /** Ends a lease for a move to another thread and hands its store over; the charge is the caller's business. */
  moveOut(lease: Lease): Store {
    const store = this.checkMovable(lease);
    this.#drop(store);
    lease.ended = MOVED;
    return store;
  }

  /** @throws what {@link moveOut} would throw, changing nothing */
  checkMovable(lease: Lease): Store {
    const store = lease.live();
    if (store.lender !== this) throw foreignError(store);
    if (store.pins > 0) throw pinnedError(store, 'moved');
    if (!store.intact) throw detachedError(store);
    return store;
  }

  /** Takes in a store whose lease ended elsewhere, as a release. */
  welcome(store: Store, asked: number): void {
    this.#counts.released(asked);
    this.#retire(store, false);
  }

  /** True when a buffer belongs to a live lease or to idle memory of this shard. */
  owns(buffer: ArrayBufferLike): boolean {
    return this.#live.some((store) => store.buffer === buffer) || this.#idle.holds(buffer);
  }

  /** Reclaims all live leases. What native code still holds goes into quarantine. */
  reclaimAll(): Leak[] {
    const leaks: Leak[] = [];
    for (const store of [...this.#live]) {
      leaks.push(this.#leakOf(store));
      this.#finish(store);
      this.#retire(store, true);
    }
    return leaks;
  }

  #takeBackSlow(lease: Lease, store: Store): void {
    if (store.pins > 0) throw pinnedError(store, 'released');
    lease.ended = RELEASED;
    this.#supply.safepoint();
    this.#finish(store);
    if (!store.intact) {
      this.#toQuarantine(store);
      throw detachedError(store);
    }
    this.#retire(store, store.trace !== null);
  }

  /** Ends the lease over a store and counts it as released. */
  #finish(store: Store): void {
    this.#counts.released(store.asked);
    this.#drop(store);
  }

  /** Takes a store off the list of live ones (the last one takes its place); its lease is over. */
  #drop(store: Store): void {
    const live = this.#live;
    const last = live.pop() as Store;
    if (last !== store) {
      live[store.place] = last;
      last.place = store.place;
    }
    store.generation++;
  }

  /** Finds the next place for a store whose lease has ended. */
  #retire(store: Store, rehome: boolean): void {
    if (store.pins > 0 || !store.intact || (rehome && !rehomed(store))) {
      this.#toQuarantine(store);
      return;
    }
    if (this.#scrub) store.bytes.fill(0);
    store.trace = null;
    store.settle();
    if (store.loan > 0) this.#homebound.push(store);
    else this.#idle.put(store);
  }

  /** Memory that may not be reused: native code holds it, or it cannot be transferred. It stays charged. */
  #toQuarantine(store: Store): void {
    this.#quarantine.add(store);
    this.#counts.quarantined();
  }

  #leaveQuarantine(store: Store): void {
    if (store.loan > 0) this.#supply.returnLoan(store);
    else this.#retire(store, true);
  }

  #leakOf(store: Store): Leak {
    this.#counts.leaked();
    return { length: store.length, stack: store.trace?.stack ?? null };
  }
}

/** False when the buffer cannot be transferred. */
function rehomed(store: Store): boolean {
  try {
    store.rehome();
    return true;
  } catch {
    return false;
  }
}

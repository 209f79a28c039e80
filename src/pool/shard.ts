/**
 * One thread's pool: it lends idle memory and takes it back.
 *
 * Owns the live leases and the quarantine; the idle memory and the ladder below it are its own too. Runs on one
 * thread and is touched by no other. Invariant: every store of the shard is in exactly one place: idle, under one
 * live lease, homebound (a loan whose lease ended), in quarantine, or handed out by `moveOut` or `give`.
 * Leaves to others: the budget, the mailbox and waiting (`Supply`), and what tasks are (`beginTask` names them).
 */
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import type { PoolOptions } from '../options.ts';
import { HIT, REFUSED } from './causes.ts';
import type { FreeList } from './free-list.ts';
import { IdleMemory, type ShardWords } from './idle.ts';
import { Ladder, type Served } from './ladder.ts';
import { Lease, MOVED, type Pin, RELEASED } from './lease.ts';
import type { AcquireOptions, Pool } from './pool.ts';
import type { Lender, Store } from './store.ts';
import type { Recorder, Supply } from './supply.ts';
import { tierFor } from './tiers.ts';

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

/** One lease in this many is guarded at `sampled` safety: a stack costs microseconds. */
const GUARD_EVERY = 1024;

export class Shard implements Pool, Lender {
  readonly idle: IdleMemory;
  /** A function cannot be cloned, so neither can a lease that gets into a message other than by a move. */
  readonly uncloneable = (): void => {};
  readonly #supply: Supply;
  readonly #ladder: Ladder;
  readonly #options: PoolOptions;
  readonly #counts: ShardCounts;
  readonly #recorder: Recorder;
  // Copies of what the hot path reads, one load away.
  readonly #words: Int32Array;
  readonly #mail: number;
  readonly #hunger: number;
  readonly #lists: readonly FreeList[];
  readonly #scrub: boolean;
  readonly #smallest: Bytes;
  readonly #middle: Bytes;
  readonly #largest: Bytes;
  readonly #live: Store[] = [];
  readonly #quarantine = new Set<Store>();
  #homebound: Store[] = [];
  #task = 0;
  /** Hits until the next one that takes the slow path, to be timed or guarded. */
  #untilSlow: number;
  readonly #slowEvery: number;
  #untilRecord: number;
  #untilGuard: number;

  constructor(
    options: PoolOptions,
    quotas: readonly number[],
    at: ShardWords,
    supply: Supply,
    counts: ShardCounts,
    recorder: Recorder,
  ) {
    this.#options = options;
    this.#supply = supply;
    this.#words = at.words;
    this.#mail = at.mail;
    this.#hunger = at.hunger;
    this.#scrub = options.scrub;
    [this.#smallest, this.#middle, this.#largest] = options.tiers.map((tier) => tier.capacity);
    this.#counts = counts;
    this.#recorder = recorder;
    this.idle = new IdleMemory(quotas, at, supply, (tier) => counts.overflowed(tier));
    this.#lists = this.idle.lists;
    this.#ladder = new Ladder(this.idle, supply, options.tiers);
    const guardEvery = options.safety === 'full' ? 1 : options.safety === 'sampled' ? GUARD_EVERY : Infinity;
    this.#slowEvery = Math.min(options.sampleEvery, guardEvery);
    this.#untilSlow = this.#slowEvery;
    this.#untilRecord = options.sampleEvery;
    this.#untilGuard = guardEvery;
  }

  acquire(length: Bytes, options?: Pick<AcquireOptions, 'timeoutMs'>): Lease {
    if (--this.#untilSlow > 0) {
      const lease = this.#hit(length);
      if (lease !== null) return lease;
    }
    return this.#acquireSlow(length, options);
  }

  /** The fast path: idle memory of the right tier, and nothing in the mailbox. */
  #hit(length: Bytes): Lease | null {
    if (this.#words[this.#mail] !== 0 || length >>> 0 !== length) return null;
    let tier = 0;
    if (length > this.#smallest) {
      if (length > this.#largest) return null;
      tier = length > this.#middle ? 2 : 1;
    }
    const store = this.#lists[tier].pop();
    if (store === undefined) return null;
    this.#counts.served(HIT, tier);
    return this.#lend(store, length, tier);
  }

  async acquireAsync(length: Bytes, options?: AcquireOptions): Promise<Lease> {
    const [lease] = await this.acquireAllAsync([length], options);
    return lease;
  }

  acquireAll(lengths: readonly Bytes[], options?: Pick<AcquireOptions, 'timeoutMs'>): Lease[] {
    const start = this.#supply.now();
    const timeoutMs = options?.timeoutMs ?? this.#options.acquireTimeoutMs;
    try {
      return this.#lendAll(lengths, this.#ladder.climb(lengths, timeoutMs), start);
    } catch (error) {
      throw this.#refused(error, lengths, start);
    }
  }

  async acquireAllAsync(lengths: readonly Bytes[], options?: AcquireOptions): Promise<Lease[]> {
    const start = this.#supply.now();
    const task = this.#task;
    const timeoutMs = options?.timeoutMs ?? this.#options.acquireTimeoutMs;
    try {
      const served = await this.#ladder.climbAsync(lengths, timeoutMs, options?.signal);
      if (task === this.#task) return this.#lendAll(lengths, served, start);
      for (const store of served.stores) this.idle.put(store);
    } catch (error) {
      throw this.#refused(error, lengths, start);
    }
    throw new MillpondError(
      'ERR_TASK_WAITING',
      'A lease is acquired within its task; the task ended while it waited for memory. Await every acquireAsync before the job returns.',
    );
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
    const larger = this.acquire(length);
    larger.bytes.set(store.bytes.subarray(0, Math.min(lease.length, length)));
    // The two swap their stores: the old one ends under the new lease's name, the caller keeps its own.
    const { store: grown, generation } = larger;
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
    this.#task = task;
    this.#supply.safepoint();
  }

  /** Reclaims what the task left: forgotten leases are re-homed, so that no stale view reaches recycled memory. */
  endTask(): TaskEnd {
    const leaks: Leak[] = [];
    let pinned = 0;
    const task = this.#task;
    this.#task = 0;
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

  /** Puts a store that arrived from another thread under a new lease. */
  lendArrived(store: Store, length: Bytes): Lease {
    return this.#lend(store, length, tierFor(length, this.#options.tiers));
  }

  /** Takes in a store whose lease ended elsewhere, as a release. */
  welcome(store: Store, length: Bytes): void {
    this.#counts.released(tierFor(length, this.#options.tiers));
    this.#retire(store, false);
  }

  /** True when a buffer belongs to a live lease or to idle memory of this shard. */
  owns(buffer: ArrayBufferLike): boolean {
    return this.#live.some((store) => store.buffer === buffer) || this.idle.holds(buffer);
  }

  /** Ends everything: reclaims all live leases, frees all idle memory. What is in quarantine stays. */
  drain(): Leak[] {
    const leaks: Leak[] = [];
    for (const store of [...this.#live]) {
      leaks.push(this.#leakOf(store));
      this.#finish(store);
      this.#retire(store, true);
    }
    this.idle.trim(Infinity);
    return leaks;
  }

  #acquireSlow(length: Bytes, options: Pick<AcquireOptions, 'timeoutMs'> | undefined): Lease {
    const hitWeight = this.#untilSlow <= 0 ? this.#countDown() : 1;
    const start = this.#supply.now();
    if (hitWeight >= 0 && this.#untilGuard > 0) {
      const lease = this.#hit(length);
      if (lease !== null) {
        if (hitWeight > 0)
          this.#recorder.record(HIT, lease.store.asked, this.#supply.now() - start, hitWeight);
        return lease;
      }
    }
    const timeoutMs = options?.timeoutMs ?? this.#options.acquireTimeoutMs;
    let served: Served;
    try {
      served = this.#ladder.climb([length], timeoutMs);
    } catch (error) {
      throw this.#refused(error, [length], start);
    }
    const tier = tierFor(length, this.#options.tiers);
    const cause = served.causes[0];
    const weight = cause === HIT ? hitWeight : 1;
    if (weight > 0) this.#recorder.record(cause, tier, this.#supply.now() - start, weight);
    this.#counts.served(cause, tier);
    this.#guard(served.stores[0]);
    return this.#lend(served.stores[0], length, tier);
  }

  /** A turn of the slow path is due; returns the weight of a hit to record, 0 for none. */
  #countDown(): number {
    this.#untilSlow = this.#slowEvery;
    this.#untilGuard -= this.#slowEvery;
    this.#untilRecord -= this.#slowEvery;
    if (this.#untilRecord > 0) return 0;
    this.#untilRecord = this.#options.sampleEvery;
    return this.#options.sampleEvery;
  }

  /** Where the safety level asks for it, the store remembers who acquires it. */
  #guard(store: Store): void {
    const { safety } = this.#options;
    if (safety === 'off') return;
    if (safety === 'sampled') {
      if (this.#untilGuard > 0) return;
      this.#untilGuard = GUARD_EVERY;
    }
    store.trace = new Error('acquired here');
    store.plain = false;
  }

  #lendAll(lengths: readonly Bytes[], served: Served, start: number): Lease[] {
    const nanoseconds = this.#supply.now() - start;
    return served.stores.map((store, at) => {
      const tier = tierFor(lengths[at], this.#options.tiers);
      this.#recorder.record(served.causes[at], tier, nanoseconds, 1);
      this.#counts.served(served.causes[at], tier);
      this.#guard(store);
      return this.#lend(store, lengths[at], tier);
    });
  }

  #lend(store: Store, length: Bytes, tier: number): Lease {
    const live = this.#live;
    store.lender = this;
    store.length = length;
    store.asked = tier;
    store.task = this.#task;
    store.place = live.length;
    live.push(store);
    return new Lease(store, length);
  }

  #refused(error: unknown, lengths: readonly Bytes[], start: number): unknown {
    if (error instanceof MillpondError && error.code === 'ERR_BUDGET_EXHAUSTED') {
      const tier = tierFor(Math.max(...lengths), this.#options.tiers);
      this.#recorder.record(REFUSED, tier, this.#supply.now() - start, 1);
      this.#counts.served(REFUSED, tier);
    }
    return error;
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
    if (this.#options.scrub) store.bytes.fill(0);
    store.trace = null;
    store.settle();
    if (store.loan > 0) this.#homebound.push(store);
    else this.idle.put(store);
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

function pinnedError(store: Store, what: string): MillpondError {
  return new MillpondError(
    'ERR_LEASE_PINNED',
    `Memory that native code holds is not ${what}; this lease of ${store.length} bytes is pinned. Release its pins when the native call has ended.`,
  );
}

function foreignError(store: Store): MillpondError {
  return new MillpondError(
    'ERR_LEASE_FOREIGN',
    `A lease is used with the runtime and the thread that lent it; this one of ${store.length} bytes belongs to another. Acquire it from the pool you pass it to.`,
  );
}

function detachedError(store: Store): MillpondError {
  return new MillpondError(
    'ERR_LEASE_DETACHED',
    `The buffer of a lease stays with it; this one of ${store.length} bytes was transferred away, and stays charged until the runtime closes. Pass the lease itself to run(), or copy the data.`,
  );
}

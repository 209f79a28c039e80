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
import { IdleMemory, type ShardWords } from './idle.ts';
import { Ladder, type Served } from './ladder.ts';
import { Lease, type Lender, MOVED, type Pin, RECLAIMED, RELEASED } from './lease.ts';
import type { AcquireOptions, Pool } from './pool.ts';
import type { Store } from './store.ts';
import type { Recorder, Supply } from './supply.ts';
import { DIRECT, tierFor } from './tiers.ts';

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

/** One lease in this many is guarded at `sampled` safety. */
const GUARD_EVERY = 64;

export class Shard implements Pool, Lender {
  readonly idle: IdleMemory;
  /** A function cannot be cloned, so neither can a lease that gets into a message other than by a move. */
  readonly uncloneable = (): void => {};
  readonly #supply: Supply;
  readonly #ladder: Ladder;
  readonly #options: PoolOptions;
  readonly #counts: ShardCounts;
  readonly #recorder: Recorder;
  readonly #at: ShardWords;
  readonly #live: Lease[] = [];
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
    this.#at = at;
    this.#counts = counts;
    this.#recorder = recorder;
    this.idle = new IdleMemory(quotas, at, supply, (tier) => counts.overflowed(tier));
    this.#ladder = new Ladder(this.idle, supply, options.tiers);
    const guardEvery = options.safety === 'full' ? 1 : options.safety === 'sampled' ? GUARD_EVERY : Infinity;
    this.#slowEvery = Math.min(options.sampleEvery, guardEvery);
    this.#untilSlow = this.#slowEvery;
    this.#untilRecord = options.sampleEvery;
    this.#untilGuard = guardEvery;
  }

  acquire(length: Bytes, options?: Pick<AcquireOptions, 'timeoutMs'>): Lease {
    const { words, mail } = this.#at;
    if (--this.#untilSlow > 0 && words[mail] === 0 && length >>> 0 === length) {
      const tier = tierFor(length, this.#options.tiers);
      if (tier !== DIRECT) {
        const store = this.idle.lists[tier].pop();
        if (store !== undefined) {
          this.#counts.served(HIT, tier);
          return this.#lend(store, length, tier);
        }
      }
    }
    return this.#acquireSlow(length, options);
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
    const { words, mail, hunger } = this.#at;
    if (store.plain && words[mail] === 0 && words[hunger] === 0 && store.intact) {
      if (this.#options.scrub) store.bytes.fill(0);
      if (this.idle.lists[store.tier].push(store)) {
        this.#finish(lease, RELEASED);
        return;
      }
    }
    this.#takeBackSlow(lease, store);
  }

  grow(lease: Lease, store: Store, length: Bytes): void {
    if (store.pins > 0) throw pinnedError(lease, 'resized');
    const larger = this.acquire(length);
    const grown = larger.live();
    grown.bytes.set(store.bytes.subarray(0, Math.min(lease.length, length)));
    // The two leases swap their stores: the old one ends under the new lease's name, the caller keeps its own.
    lease.store = grown;
    larger.store = store;
    const { trace } = lease;
    lease.trace = larger.trace;
    larger.trace = trace;
    lease.length = length;
    larger.release();
  }

  pinned(lease: Lease, store: Store): Pin {
    store.pins++;
    store.plain = false;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      if (--store.pins > 0) return;
      store.plain = isPlain(store, lease.trace);
      if (this.#quarantine.delete(store)) this.#leaveQuarantine(store);
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
    for (const lease of this.#live.filter((lease) => lease.task === task)) {
      const store = lease.live();
      if (store.pins > 0) pinned++;
      else if (store.loan === 0) leaks.push(this.#leakOf(lease));
      this.#finish(lease, RECLAIMED);
      this.#retire(store, true);
    }
    const homebound = this.#homebound;
    this.#homebound = [];
    this.#supply.safepoint();
    return { leaks, homebound, pinned };
  }

  /** Ends a lease for a move to another thread and hands its store over; the charge is the caller's business. */
  moveOut(lease: Lease): Store {
    const store = lease.live();
    if (lease.lender !== this) throw foreignError(lease);
    if (store.pins > 0) throw pinnedError(lease, 'moved');
    if (!store.intact) throw this.#lost(lease, store);
    this.#drop(lease, MOVED);
    return store;
  }

  /** @throws what {@link moveOut} would throw, changing nothing */
  checkMovable(lease: Lease): void {
    const store = lease.live();
    if (lease.lender !== this) throw foreignError(lease);
    if (store.pins > 0) throw pinnedError(lease, 'moved');
    if (!store.intact) throw detachedError(lease);
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
    return this.#live.some((lease) => lease.store?.buffer === buffer) || this.idle.holds(buffer);
  }

  /** Ends everything: reclaims all live leases, frees all idle memory. What is in quarantine stays. */
  drain(): Leak[] {
    const leaks: Leak[] = [];
    for (const lease of [...this.#live]) {
      const store = lease.live();
      leaks.push(this.#leakOf(lease));
      this.#finish(lease, RECLAIMED);
      this.#retire(store, true);
    }
    this.idle.trim(Infinity);
    return leaks;
  }

  #acquireSlow(length: Bytes, options: Pick<AcquireOptions, 'timeoutMs'> | undefined): Lease {
    const hitWeight = this.#untilSlow <= 0 ? this.#countDown() : 1;
    const start = this.#supply.now();
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
    return this.#guard(this.#lend(served.stores[0], length, tier));
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

  #guard(lease: Lease): Lease {
    const { safety } = this.#options;
    if (safety === 'off') return lease;
    if (safety === 'sampled') {
      if (this.#untilGuard > 0) return lease;
      this.#untilGuard = GUARD_EVERY;
    }
    lease.trace = new Error('acquired here');
    lease.live().plain = false;
    return lease;
  }

  #lendAll(lengths: readonly Bytes[], served: Served, start: number): Lease[] {
    const nanoseconds = this.#supply.now() - start;
    return served.stores.map((store, at) => {
      const tier = tierFor(lengths[at], this.#options.tiers);
      this.#recorder.record(served.causes[at], tier, nanoseconds, 1);
      this.#counts.served(served.causes[at], tier);
      return this.#guard(this.#lend(store, lengths[at], tier));
    });
  }

  #lend(store: Store, length: Bytes, tier: number): Lease {
    const live = this.#live;
    const lease = new Lease(this, store, length, tier, this.#task, live.length);
    live.push(lease);
    return lease;
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
    if (store.pins > 0) throw pinnedError(lease, 'released');
    if (!store.intact) throw this.#lost(lease, store);
    this.#supply.safepoint();
    this.#finish(lease, RELEASED);
    this.#retire(store, lease.trace !== null);
  }

  /** Ends a lease and counts it as released. */
  #finish(lease: Lease, how: number): void {
    this.#counts.released(lease.tier);
    this.#drop(lease, how);
  }

  /** Takes a lease off the list of live ones: the last one takes its place. */
  #drop(lease: Lease, how: number): void {
    const live = this.#live;
    const last = live.pop() as Lease;
    if (last !== lease) {
      live[lease.place] = last;
      last.place = lease.place;
    }
    lease.end(how);
  }

  /** Finds the next place for a store whose lease has ended. */
  #retire(store: Store, rehome: boolean): void {
    if (store.pins > 0 || !store.intact || (rehome && !rehomed(store))) {
      this.#toQuarantine(store);
      return;
    }
    if (this.#options.scrub) store.bytes.fill(0);
    store.plain = isPlain(store, null);
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

  #lost(lease: Lease, store: Store): MillpondError {
    const error = detachedError(lease);
    this.#finish(lease, RELEASED);
    this.#toQuarantine(store);
    return error;
  }

  #leakOf(lease: Lease): Leak {
    this.#counts.leaked();
    return { length: lease.length, stack: lease.trace?.stack ?? null };
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

function isPlain(store: Store, trace: Error | null): boolean {
  return store.loan === 0 && store.tier !== DIRECT && trace === null;
}

function pinnedError(lease: Lease, what: string): MillpondError {
  return new MillpondError(
    'ERR_LEASE_PINNED',
    `Memory that native code holds is not ${what}; this lease of ${lease.length} bytes is pinned. Release its pins when the native call has ended.`,
  );
}

function foreignError(lease: Lease): MillpondError {
  return new MillpondError(
    'ERR_LEASE_FOREIGN',
    `A lease is used with the runtime and the thread that lent it; this one of ${lease.length} bytes belongs to another. Acquire it from the pool you pass it to.`,
  );
}

function detachedError(lease: Lease): MillpondError {
  return new MillpondError(
    'ERR_LEASE_DETACHED',
    `The buffer of a lease stays with it; this one of ${lease.length} bytes was transferred away, and stays charged until the runtime closes. Pass the lease itself to run(), or copy the data.`,
  );
}

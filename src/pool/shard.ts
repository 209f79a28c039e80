/**
 * One thread's pool: how it gets memory for a request, by the fast path or by the ladder.
 *
 * Runs on one thread and is touched by no other; owns the idle memory, the leases and the ladder of that
 * thread. Leaves to others: what lives and how it ends (`Leases`), the budget, the mailbox and waiting
 * (`Supply`).
 *
 * Over 300 lines because a hit, what is sampled of it and its slow path share counters that are private to be
 * quick.
 */
import { type Bytes, KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { HIT, REFUSED } from './causes.ts';
import type { FreeList } from './free-list.ts';
import { guard } from './guard.ts';
import { IdleMemory, type ShardWords } from './idle.ts';
import { Ladder, type Request, type Served } from './ladder.ts';
import type { Lease } from './lease.ts';
import { type Leak, Leases } from './leases.ts';
import type { PoolOptions } from './options.ts';
import type { AcquireOptions, BlockingOptions, Pool } from './pool.ts';
import { Quarantine } from './quarantine.ts';
import { cancelledError, closedError, taskEndedError } from './shard-errors.ts';
import type { Store } from './store.ts';
import type { LeaseRecorder, ShardCounts, Supply } from './supply.ts';
import { capacityFor, tierFor } from './tiers.ts';
import { Trace } from './trace.ts';

/**
 * Of hits, one in this many is timed to its release, or one of the recorded ones where those are fewer: a
 * clock costs 50 ns.
 */
const TIME_EVERY = 64;
/** One lease in this many is guarded at `sampled` safety: a stack costs microseconds. */
const GUARD_EVERY = 4096;
/** Timers take no more. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

interface ShardParts {
  readonly options: PoolOptions;
  /** How many idle buffers of each tier it may keep at first. */
  readonly quotas: readonly number[];
  readonly words: ShardWords;
  readonly supply: Supply;
  readonly counts: ShardCounts;
  readonly recorder: LeaseRecorder;
}

/** A request that goes to the ladder. */
interface Asked {
  readonly lengths: readonly Bytes[];
  /** On the supply's clock. */
  readonly start: number;
  /** How many hits one stands for in the latency records; 0 records none. */
  readonly hitWeight: number;
  /** Of who asked, where a lease is to be guarded. */
  readonly trace: Trace | null;
}

export class Shard implements Pool {
  readonly idle: IdleMemory;
  readonly leases: Leases;
  readonly #supply: Supply;
  readonly #quarantine: Quarantine;
  readonly #ladder: Ladder;
  readonly #options: PoolOptions;
  readonly #counts: ShardCounts;
  readonly #recorder: LeaseRecorder;
  readonly #reserveKib: number;
  // Copies of what the hot path reads, one load away.
  readonly #words: Int32Array;
  readonly #mail: number;
  readonly #small: FreeList;
  readonly #medium: FreeList;
  readonly #large: FreeList;
  readonly #hits: Float64Array;
  readonly #smallest: Bytes;
  readonly #middle: Bytes;
  readonly #largest: Bytes;
  /** Hits until the next one that takes the slow path, to be timed or guarded. */
  #untilSlow: number;
  readonly #slowEvery: number;
  #untilRecord: number;
  #untilGuard: number;
  /** Recorded hits, by weight, since the last that was timed. */
  #untimed = 0;
  #closed = false;

  constructor({ options, quotas, words, supply, counts, recorder }: ShardParts) {
    this.#options = options;
    this.#supply = supply;
    this.#words = words.words;
    this.#mail = words.mail;
    [this.#smallest, this.#middle, this.#largest] = options.tiers.map((tier) => tier.capacity);
    this.#counts = counts;
    this.#recorder = recorder;
    this.#quarantine = new Quarantine(() => counts.quarantined());
    const parts = { words, supply, quarantine: this.#quarantine, counts };
    this.idle = new IdleMemory(quotas, parts);
    this.leases = new Leases({
      ...parts,
      idle: this.idle,
      recorder,
      scrub: options.scrub,
      setsAside: options.safety === 'full',
      grow: (length) => this.acquire(length),
    });
    [this.#small, this.#medium, this.#large] = this.idle.lists;
    this.#hits = counts.hits;
    this.#ladder = new Ladder(this.idle, supply, options.tiers, counts);
    this.#reserveKib = Math.ceil(options.reserveBytes / KiB);
    const guardEvery = options.safety === 'full' ? 1 : options.safety === 'sampled' ? GUARD_EVERY : Infinity;
    this.#slowEvery = Math.min(options.sampleEvery, guardEvery);
    this.#untilSlow = this.#slowEvery;
    this.#untilRecord = options.sampleEvery;
    this.#untilGuard = guardEvery;
  }

  acquire(length: Bytes, options?: BlockingOptions): Lease {
    if (--this.#untilSlow > 0) {
      const lease = this.#hit(length);
      if (lease !== null) return lease;
    }
    return this.#acquireSlow(length, options);
  }

  /** The fast path: idle memory of the right tier, and nothing in the mailbox. */
  #hit(length: Bytes): Lease | null {
    const words = this.#words;
    if (words[this.#mail] !== 0 || length >>> 0 !== length) return null;
    let tier = 0;
    let list = this.#small;
    if (length > this.#smallest) {
      if (length > this.#largest) return null;
      if (length > this.#middle) {
        tier = 2;
        list = this.#large;
      } else {
        tier = 1;
        list = this.#medium;
      }
    }
    const store = list.pop(words);
    if (store === undefined) return null;
    this.#hits[tier]++;
    return this.leases.lend(store, length, tier);
  }

  tryAcquire(length: Bytes, { exact = false }: Pick<AcquireOptions, 'exact'> = {}): Lease | null {
    const trace = this.#traceOf(this.tryAcquire);
    const asked: Asked = { lengths: [length], start: this.#supply.now(), hitWeight: 1, trace };
    const request = this.#request(asked, { exact, timeoutMs: 0, leaveReserve: true }, false);
    return this.#ladder.attempt(request)?.[0] ?? null;
  }

  capacityFor(length: Bytes): Bytes {
    return capacityFor(length, this.#options.tiers);
  }

  get blockBytes(): Bytes {
    return this.#options.blockBytes;
  }

  get mostOutputBytes(): Bytes {
    return this.#options.mostOutputBytes;
  }

  get spoolFolder(): string {
    return this.#options.spoolFolder;
  }

  async acquireAsync(length: Bytes, options?: AcquireOptions): Promise<Lease> {
    const [lease] = await this.#climbAsync([length], options, this.#traceOf(this.acquireAsync));
    return lease;
  }

  acquireAll(lengths: readonly Bytes[], options?: BlockingOptions): Lease[] {
    const trace = this.#traceOf(this.acquireAll);
    return this.#climb({ lengths, start: this.#supply.now(), hitWeight: 1, trace }, options);
  }

  acquireAllAsync(lengths: readonly Bytes[], options?: AcquireOptions): Promise<Lease[]> {
    return this.#climbAsync(lengths, options, this.#traceOf(this.acquireAllAsync));
  }

  /** Puts memory that came from another shard under a lease of the running task. */
  attach(store: Store, length: Bytes, asked: number): Lease {
    if (this.#options.safety === 'full') guard(store, new Trace(this.attach));
    if (store.loan === 0) this.#counts.held(store.tier, store.capacity / KiB);
    return this.leases.lend(store, length, asked);
  }

  /** Reclaims all leases and frees all idle memory, for good: nothing is lent or kept from now on. */
  close(): Leak[] {
    this.#closed = true;
    const leaks = this.leases.reclaimAll();
    this.idle.close();
    return leaks;
  }

  /**
   * Takes the charge off what is in quarantine and leaves it to the garbage collector. For the main thread,
   * after `close`, when nothing is acquired any more; what a worker has in quarantine is charged until its
   * thread is gone.
   */
  abandon(): void {
    for (const { tier, capacity } of this.#quarantine.abandon()) {
      this.#counts.held(tier, -capacity / KiB);
      this.#supply.uncharge(capacity / KiB);
    }
  }

  #climb(asked: Asked, options: BlockingOptions | undefined): Lease[] {
    try {
      return this.#ladder.climb(this.#request(asked, options, false));
    } catch (error) {
      throw this.#refused(error, asked);
    }
  }

  async #climbAsync(
    lengths: readonly Bytes[],
    options: AcquireOptions | undefined,
    trace: Trace | null,
  ): Promise<Lease[]> {
    const asked: Asked = { lengths, start: this.#supply.now(), hitWeight: 1, trace };
    try {
      return await this.#ladder.climbAsync(this.#request(asked, options, true), options?.signal);
    } catch (error) {
      throw this.#refused(error, asked);
    }
  }

  #request(asked: Asked, options: BlockingOptions | undefined, sleeps: boolean): Request<Lease[]> {
    this.#checkOpen();
    const { lengths, start } = asked;
    const { task } = this.leases;
    const ended = (): MillpondError | null =>
      this.#closed ? closedError() : task === this.leases.task ? null : taskEndedError();
    const timeoutMs = this.#timeoutMs(options);
    return {
      lengths,
      exact: options?.exact ?? false,
      // What the main thread acquires becomes inputs, which wait for running tasks to end.
      leaveKib: options?.leaveReserve || !this.#supply.canBlock ? this.#reserveKib : 0,
      timeoutMs,
      deadline: start + timeoutMs * 1e6,
      sleeps,
      holds: () => this.leases.holds,
      over: () => ended() ?? (this.#supply.cancelled() ? cancelledError() : null),
      deliver: (served) => {
        const end = ended();
        if (end === null) return this.#lendAll(asked, served);
        this.#ladder.putBack(served);
        throw end;
      },
    };
  }

  #timeoutMs(options: BlockingOptions | undefined): number {
    const timeoutMs = options?.timeoutMs ?? this.#options.acquireTimeoutMs;
    if (timeoutMs >= 0 && timeoutMs <= LONGEST_WAIT_MS) return timeoutMs;
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `timeoutMs is 0 to ${LONGEST_WAIT_MS} ms, got ${String(timeoutMs)}. Leave it out for the runtime's own.`,
    );
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }

  #acquireSlow(length: Bytes, options: BlockingOptions | undefined): Lease {
    const hitWeight = this.#untilSlow <= 0 ? this.#countDown() : 1;
    this.#checkOpen();
    const trace = this.#traceOf(this.acquire);
    const start = this.#supply.now();
    const lease = this.#hit(length);
    if (lease !== null) {
      const { store } = lease;
      if (hitWeight > 0) {
        const now = this.#supply.now();
        this.#observe(HIT, store.asked, length, store, start, now, hitWeight);
        this.#counts.spent(HIT, (now - start) * hitWeight);
      }
      if (trace !== null) guard(store, trace);
      return lease;
    }
    return this.#climb({ lengths: [length], start, hitWeight, trace }, options)[0];
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

  /**
   * Of a request whose lease is to be guarded; null where the safety level does not ask for it.
   * @param entry the function that was called
   */
  #traceOf(entry: (...given: never[]) => unknown): Trace | null {
    const { safety } = this.#options;
    if (safety === 'off') return null;
    if (safety === 'sampled') {
      if (this.#untilGuard > 0) return null;
      this.#untilGuard = GUARD_EVERY;
    }
    return new Trace(entry);
  }

  #lendAll({ lengths, start, hitWeight, trace }: Asked, served: Served): Lease[] {
    const now = this.#supply.now();
    // Each waited for all of them, but the thread only once.
    const took = (now - start) / lengths.length;
    return served.stores.map((store, at) => {
      const tier = tierFor(lengths[at], this.#options.tiers);
      const cause = served.causes[at];
      const weight = cause === HIT ? hitWeight : 1;
      if (weight > 0) this.#observe(cause, tier, lengths[at], store, start, now, weight);
      this.#counts.spent(cause, took * weight);
      this.#counts.served(cause, tier);
      if (trace !== null && (at === 0 || this.#options.safety === 'full')) guard(store, trace);
      return this.leases.lend(store, lengths[at], tier);
    });
  }

  /**
   * Records a request that was served between `start` and `now`; its lease is timed from then on, of hits a
   * sample.
   */
  #observe(
    cause: number,
    tier: number,
    length: Bytes,
    store: Store,
    start: number,
    now: number,
    weight: number,
  ): void {
    this.#recorder.record(cause, tier, now - start, weight, length, store.capacity);
    let leases = weight;
    if (cause === HIT) {
      this.#untimed += weight;
      if (this.#untimed < TIME_EVERY) return;
      leases = this.#untimed;
      this.#untimed = 0;
    }
    store.time(now, leases);
  }

  #refused(error: unknown, { lengths, start }: Asked): unknown {
    if (error instanceof MillpondError && error.code === 'ERR_BUDGET_EXHAUSTED') {
      const largest = Math.max(...lengths);
      const tier = tierFor(largest, this.#options.tiers);
      const took = this.#supply.now() - start;
      this.#recorder.record(REFUSED, tier, took, 1, largest, 0);
      this.#counts.spent(REFUSED, took);
      this.#counts.served(REFUSED, tier);
    }
    return error;
  }
}

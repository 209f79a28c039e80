import type { Bytes } from '../bytes.ts';
import type { Store } from './store.ts';

/**
 * What a shard needs from outside its own thread: the budget, the mailbox, waiting, a clock and the
 * allocator. One per shard, called by the shard's thread only. Everything that a simulator must control is
 * behind it.
 */
export interface Supply {
  /** False on the main thread, which must never block. */
  readonly canBlock: boolean;
  readonly limitBytes: Bytes;
  /**
   * True while memory is critical and the task declared no need: direct allocations then wait for half their
   * time.
   */
  readonly critical: boolean;

  /** Charges `kib` to this shard if the budget holds it and `leaveKib` are left then. */
  reserve(kib: number, leaveKib: number): boolean;
  /** Takes a charge back; only after the memory was freed. Wakes threads that wait for memory. */
  uncharge(kib: number): void;
  /** All charges of all shards now. */
  usedBytes(): Bytes;

  /** @throws RangeError when the system has no memory */
  allocate(capacity: Bytes): ArrayBuffer;

  /** Handles what lies in the mailbox. */
  safepoint(): void;

  /**
   * Tells the coordinator and the other shards that this one starves, and of the need's turn; again and again
   * until `fed`.
   */
  starve(need: Need): void;
  /** A turn that nobody has drawn before: others give way to a request that has one. */
  drawTurn(): number;
  /**
   * KiB that a request leaves free when it gives way to the one whose turn is the earliest; 0 where that is
   * its own, or it need not. `need` is its own, null while it does not wait.
   */
  owedKib(need: Need | null): number;
  /** The need was met, or its request is over. */
  fed(need: Need): void;

  /** A number that changes with every event that may have freed memory. */
  wakeWord(): number;
  /** Blocks until the wake word differs from `seen`, at most `milliseconds`. */
  wait(seen: number, milliseconds: number): void;
  /** As `wait`, without blocking; rejects with the signal's reason when that aborts. */
  waitAsync(seen: number, milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
  /** True when the task of this thread was cancelled. */
  cancelled(): boolean;

  /** Nanoseconds of a monotonic clock. */
  now(): number;

  /** Sends home a loan whose pin ended after its task. */
  returnLoan(store: Store): void;
  /** A store that a result brought here was released. True when its `origin` may get it back. */
  goesBack(store: Store): boolean;
}

/** What a waiting request lacks; its identity tells requests apart. */
export interface Need {
  readonly kib: number;
  readonly tier: number;
  /** Drawn once it has waited for long. */
  turn?: number;
}

/** Records single requests and leases; `weight` is how many each stands for. */
export interface LeaseRecorder {
  /** A request for `bytes` of a tier that a buffer of `capacity` served, or (0) none did. */
  record(
    cause: number,
    tier: number,
    nanoseconds: number,
    weight: number,
    bytes: Bytes,
    capacity: Bytes,
  ): void;
  /** A lease over a request of a tier has ended here. */
  lifetime(tier: number, nanoseconds: number, weight: number): void;
}

/** Exact counts of one shard; each call counts one event. */
export interface ShardCounts {
  /**
   * Counted in place, by tier of the request: requests served by idle memory at once, and leases that ended.
   */
  readonly hits: Float64Array;
  readonly releases: Float64Array;
  served(cause: number, tier: number): void;
  /** The thread spent so long in requests; a recorded hit stands for others. */
  spent(cause: number, nanoseconds: number): void;
  overflowed(tier: number): void;
  /** A lease that another thread acquired ended here; it counts as released, too. */
  endedForeign(): void;
  /**
   * The shard holds so many KiB more (idle, leased, in quarantine), or less if negative. Loans do not count.
   */
  held(tier: number, kib: number): void;
  /** A buffer came from the system; it is `held` from now on. */
  allocated(tier: number, kib: number): void;
  /** A buffer went back to the system; it is no longer `held`. */
  freed(tier: number, kib: number): void;
  leaked(): void;
  quarantined(): void;
}

import type { Lease } from './lease.ts';

export interface AcquireOptions {
  /** Gives up early; the request then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds to wait for memory before `ERR_BUDGET_EXHAUSTED`, 0 (never wait) to 2^31 - 1. Default: the
   * runtime's `acquireTimeoutMs`.
   */
  readonly timeoutMs?: number;
  /**
   * True: never a larger buffer than the tier of the request has, also when one lies idle. For memory that
   * shrinks: release, then acquire exactly. Default false.
   */
  readonly exact?: boolean;
  /**
   * True: leaves the reserve to running tasks (`reserveBytes`). For leases that outlive their task, as those
   * of its result do, and for memory that a job can do without. Requests of the main thread always leave it.
   * Not for {@link Pool.acquire}, which takes what is idle without another look. Default false.
   */
  readonly leaveReserve?: boolean;
}

/** The options of a call that may block. */
export type BlockingOptions = Omit<AcquireOptions, 'signal'>;

/**
 * The memory of one thread, as users see it. Belongs to the thread that got it; other threads have their own.
 * All requests are in bytes, 0 to the budget; a lease may be larger than asked, never smaller.
 */
export interface Pool {
  /**
   * Lends memory now. In a worker it may block the thread, up to its deadline, until other threads release
   * some; on the main thread it never blocks. A thread without leases gives way to requests that have waited
   * for long, and where it does not wait itself is refused.
   * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_REQUEST_TOO_LARGE`, `ERR_BUDGET_EXHAUSTED`,
   * `ERR_ALLOCATION_FAILED`, `ERR_TASK_WAITING`
   */
  acquire(length: number, options?: Omit<BlockingOptions, 'leaveReserve'>): Lease;

  /** As {@link acquire}, but waits without blocking the thread. */
  acquireAsync(length: number, options?: AcquireOptions): Promise<Lease>;

  /**
   * Lends memory that can be had at once and leaves the reserve to running tasks, as {@link AcquireOptions}
   * has it; `null` where there is none, or a request that has waited for long is to have it, which counts as
   * no refusal. For what makes a job only faster, and for
   * results that could go elsewhere.
   * @throws MillpondError `ERR_ALLOCATION_FAILED`, `ERR_RUNTIME_CLOSED`
   */
  tryAcquire(length: number, options?: Pick<AcquireOptions, 'exact'>): Lease | null;

  /**
   * Bytes that a lease of so many would hold: the capacity of its tier, or its own length over the largest.
   */
  capacityFor(length: number): number;

  /** What the reserve for running tasks holds for each thread, at least: the runtime's `blockBytes`. */
  readonly blockBytes: number;

  /** The most that the leases of one output may come to: the runtime's `mostOutputBytes`. */
  readonly mostOutputBytes: number;

  /** Where larger outputs go: the runtime's `spoolFolder`. */
  readonly spoolFolder: string;

  /** Lends several or none, so that jobs never hold one lease while they wait for the next. */
  acquireAll(lengths: readonly number[], options?: BlockingOptions): Lease[];

  /** As {@link acquireAll}, but waits without blocking the thread. */
  acquireAllAsync(lengths: readonly number[], options?: AcquireOptions): Promise<Lease[]>;
}

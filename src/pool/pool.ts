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
   * some; on the main thread it never blocks.
   * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_REQUEST_TOO_LARGE`, `ERR_BUDGET_EXHAUSTED`,
   * `ERR_ALLOCATION_FAILED`, `ERR_TASK_WAITING`
   */
  acquire(length: number, options?: BlockingOptions): Lease;

  /** As {@link acquire}, but waits without blocking the thread. */
  acquireAsync(length: number, options?: AcquireOptions): Promise<Lease>;

  /**
   * Bytes that a lease of so many would hold: the capacity of its tier, or its own length over the largest.
   */
  capacityFor(length: number): number;

  /** Lends several or none, so that jobs never hold one lease while they wait for the next. */
  acquireAll(lengths: readonly number[], options?: BlockingOptions): Lease[];

  /** As {@link acquireAll}, but waits without blocking the thread. */
  acquireAllAsync(lengths: readonly number[], options?: AcquireOptions): Promise<Lease[]>;
}

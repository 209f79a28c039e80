/**
 * A borrowed buffer. Owned by the thread that acquired it; ends exactly once, by `release()`, by a move to
 * another thread, or by the end of its task. No other object refers to its memory while it lives.
 */
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import type { Store } from './store.ts';

/** How a lease ended. */
export const RELEASED = 1;
export const MOVED = 2;
export const RECLAIMED = 3;

/** What a lease asks of the shard that lent it. */
export interface Lender {
  takeBack(lease: Lease, store: Store): void;
  grow(lease: Lease, store: Store, length: Bytes): void;
  pinned(lease: Lease, store: Store): Pin;
}

/** A mark that native code holds the memory beyond a call: it blocks release, move and reclaim until released. */
export interface Pin {
  /** Ends the mark; more calls do nothing. */
  release(): void;
  [Symbol.dispose](): void;
}

export class Lease {
  /** Bytes asked for, by `acquire` or the last `resize`. */
  length: Bytes;

  // What follows belongs to the shard.
  /** @internal */ store: Store | null;
  /** @internal */ readonly lender: Lender;
  /** @internal Tier of the request, which may be below the tier of the store. */ readonly tier: number;
  /** @internal The task that acquired it; 0 outside tasks. */ readonly task: number;
  /** @internal Where the shard's list of live leases holds it. */ place: number;
  /** @internal How it ended, 0 while it lives. */ ended = 0;
  /** @internal The acquiring stack, where the safety level asked for one. */ trace: Error | null = null;

  /** @internal Leases come from a pool. */
  constructor(lender: Lender, store: Store, length: Bytes, tier: number, task: number, place: number) {
    this.lender = lender;
    this.store = store;
    this.length = length;
    this.tier = tier;
    this.task = task;
    this.place = place;
  }

  /** Bytes held; at least `length`. */
  get capacity(): Bytes {
    return this.live().capacity;
  }

  /**
   * The memory as bytes, over the whole capacity. Recycled memory holds what its last user left, unless `scrub` is on.
   * The view is cached: read it again after `resize`.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.live().bytes;
  }

  /** As {@link bytes}, as 32-bit floats. */
  get float32(): Float32Array<ArrayBuffer> {
    return this.live().float32;
  }

  /** As {@link bytes}, as 32-bit integers. */
  get int32(): Int32Array<ArrayBuffer> {
    return this.live().int32;
  }

  /**
   * Changes the length: in place within the capacity, else by a larger buffer to which the content is carried over.
   * Views taken before are stale afterwards. In a worker it may wait, as `acquire` does; if it throws, nothing changed.
   * @throws MillpondError as `acquire`, and `ERR_LEASE_PINNED`
   */
  resize(length: Bytes): void {
    const store = this.live();
    if (length <= store.capacity && Number.isInteger(length) && length >= 0) this.length = length;
    else this.lender.grow(this, store, length);
  }

  /** Marks the memory as held by native code beyond a call, for example by an asynchronous `zlib.deflate`. */
  pin(): Pin {
    return this.lender.pinned(this, this.live());
  }

  /**
   * Gives the memory back.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`, `ERR_LEASE_PINNED`, `ERR_LEASE_DETACHED`
   */
  release(): void {
    const store = this.store;
    if (store === null) throw endedError(this);
    this.lender.takeBack(this, store);
  }

  /** Releases what still lives; silent on a lease that ended before. */
  [Symbol.dispose](): void {
    if (this.store !== null) this.release();
  }

  /** @internal */
  live(): Store {
    const store = this.store;
    if (store === null) throw endedError(this);
    return store;
  }

  /** @internal The only way a lease ends. */
  end(how: number): void {
    this.store = null;
    this.ended = how;
  }
}

export function endedError(lease: Lease): MillpondError {
  const what = `this one of ${lease.length} bytes`;
  if (lease.ended === MOVED) {
    return new MillpondError(
      'ERR_LEASE_MOVED',
      `A lease is gone once it was passed to run() or returned by a job; ${what} was moved. Use the lease that arrives on the other side.`,
    );
  }
  return new MillpondError(
    'ERR_LEASE_RELEASED',
    lease.ended === RECLAIMED
      ? `A lease ends with the task that acquired it; ${what} was reclaimed. Return it from the job, or acquire it in the task that uses it.`
      : `A lease is used until it is released, once; ${what} was released before. Keep one owner for each lease, for example by 'using'.`,
  );
}

/**
 * A borrowed buffer. Owned by the thread that acquired it; ends exactly once, by `release()`, by a move to
 * another thread, or by the end of its task. No other object refers to its memory while it lives.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { BytesReader, copyOf, type WriteOptions, writeBytes } from './sending.ts';
import type { Lender, Pin, Store } from './store.ts';

/** A lease that its owner ended has one of these for its generation; stores count from 0. */
export const RELEASED = -1;
export const MOVED = -2;

export class Lease {
  /** Bytes asked for, by `acquire` or the last `resize`. */
  length: Bytes;

  // What follows belongs to the shard.
  /** @internal */ store: Store;
  /** @internal The store's when it was lent; a store of another one was reclaimed. */ generation: number;

  /** @internal Leases come from a pool. */
  constructor(store: Store, length: Bytes) {
    this.length = length;
    this.store = store;
    this.generation = store.generation;
  }

  /** Bytes held; at least `length`. */
  get capacity(): Bytes {
    return this.live().capacity;
  }

  /**
   * The memory as bytes: `length` of them, no more. Recycled memory holds what its last user left, unless
   * `scrub` is on. The view is kept: read it again after `resize`. A stream or a file that gets it reads it
   * later, when it may be another's: {@link writeTo} is for these, and {@link copy} for all else.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.live().bytes;
  }

  /** As {@link bytes}, as 32-bit floats: as many as fit whole into `length`. */
  get float32(): Float32Array<ArrayBuffer> {
    return this.live().float32;
  }

  /** As {@link float32}, as 32-bit integers. */
  get int32(): Int32Array<ArrayBuffer> {
    return this.live().int32;
  }

  /**
   * All `capacity` bytes: `bytes`, and behind them what was not asked for and holds what earlier users of the
   * memory left, unless `scrub` is on. For reading into as much room as there is; `resize` then takes it in.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`
   */
  get wholeCapacity(): Uint8Array<ArrayBuffer> {
    return this.live().whole;
  }

  /**
   * Changes the length: in place within the capacity, else by a larger buffer, to which the content is
   * copied. What it gains holds what earlier users left, as new memory does. Views taken before are stale
   * afterwards. In a worker it may wait, as `acquire` does; if it throws, nothing changed.
   * @throws MillpondError as `acquire`, and `ERR_LEASE_PINNED`
   */
  resize(length: Bytes): void {
    const store = this.live();
    if (length <= store.capacity && Number.isInteger(length) && length >= 0) {
      this.length = length;
      if (store.length !== length) store.setLength(length);
    } else (store.lender as Lender).grow(this, store, length);
  }

  /**
   * Writes the bytes to a stream or an open file, and resolves when they have gone and the memory is no
   * longer read. A release before that is right, too: the memory then goes back to the pool when they have
   * gone. Sockets, HTTP messages and file streams of Node get the memory itself, other streams copies of 64
   * KiB. Several writes to one target go in the order of the calls. It waits as long as the other side does
   * not read: pass a `signal`.
   * @throws MillpondError (as a rejection) `ERR_WRITE_FAILED`, with what the target said as `cause`, and
   * `ERR_INVALID_ARGUMENT`, `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`
   */
  async writeTo(target: Writable | FileHandle, options?: WriteOptions): Promise<void> {
    const store = this.live();
    using _sending = (store.lender as Lender).pinned(store, true);
    await writeBytes(store.bytes, target, options);
  }

  /**
   * A stream of the bytes, in copies of 64 KiB, for whatever takes a stream. The lease may be released at any
   * time: the memory then goes back to the pool after the last copy, or when the stream is destroyed. One
   * that is neither read nor destroyed holds it.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`
   */
  createReadStream(): Readable {
    const store = this.live();
    return new BytesReader(store.bytes, (store.lender as Lender).pinned(store, true));
  }

  /**
   * A copy of the bytes, in memory of its own that the budget does not count. It may be kept, handed on and
   * transferred.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`
   */
  copy(): Buffer<ArrayBuffer> {
    return copyOf(this.live().bytes);
  }

  /**
   * Marks the memory as held by native code beyond a call, for example by an asynchronous `zlib.deflate`.
   * For streams and files there is {@link writeTo}.
   */
  pin(): Pin {
    const store = this.live();
    return (store.lender as Lender).pinned(store, false);
  }

  /**
   * Returns the memory to the pool: at once, or when its bytes have gone that {@link writeTo} or a stream of
   * {@link createReadStream} still sends.
   * @throws MillpondError `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED`, `ERR_LEASE_PINNED`, `ERR_LEASE_DETACHED`
   */
  release(): void {
    const store = this.store;
    if (store.generation !== this.generation) throw endedError(this);
    (store.lender as Lender).release(this, store);
  }

  /** Releases what still lives; silent on a lease that ended before. */
  [Symbol.dispose](): void {
    if (this.store.generation === this.generation) this.release();
  }

  /** One line for `console.log`: its inside is the shard's. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { generation, store, length } = this;
    if (generation === MOVED) return `Lease { ${length} bytes, moved }`;
    if (store.generation !== generation) return `Lease { ${length} bytes, released }`;
    const pinned = store.pins > 0 ? ', pinned' : '';
    return `Lease { ${length} bytes of ${store.capacity}${pinned} }`;
  }

  /** @internal */
  live(): Store {
    const store = this.store;
    if (store.generation !== this.generation) throw endedError(this);
    return store;
  }
}

/** Whether a value is a lease, live or not, of whatever pool. */
export function isLease(value: unknown): value is Lease {
  return value instanceof Lease;
}

function endedError(lease: Lease): MillpondError {
  const what = `this one of ${lease.length} bytes`;
  if (lease.generation === MOVED) {
    return new MillpondError(
      'ERR_LEASE_MOVED',
      `A lease is gone once it was passed to run() or returned by a job; ${what} was moved. Use the lease that arrives on the other side.`,
    );
  }
  return new MillpondError(
    'ERR_LEASE_RELEASED',
    lease.generation !== RELEASED
      ? `A lease ends with the task that acquired it, and with its runtime; ${what} was reclaimed. Return it from the job, or acquire it in the task that uses it.`
      : `A lease is used until it is released, once; ${what} was released before. Keep one owner for each lease, for example by 'using'.`,
  );
}

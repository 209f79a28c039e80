import type { Bytes } from '../bytes.ts';
import { DIRECT } from './tiers.ts';
import type { Trace } from './trace.ts';

/** A lease, as its lender sees it. */
export interface Borrowed {
  length: Bytes;
  store: Store;
  /** The store's when it was lent, or how the lease ended. */
  generation: number;
}

/**
 * A mark that native code holds the memory beyond a call: it blocks release, move and reclaim until released.
 */
export interface Pin {
  /** Ends the mark; more calls do nothing. */
  release(): void;
  /** As {@link release}. */
  [Symbol.dispose](): void;
}

/** Where a lender puts what is released. */
export interface IdleList {
  /** False, and nothing happened, when it takes no more. */
  push(store: Store, words: Int32Array): boolean;
}

/** What leases and idle memory ask of the shard that lent a store. */
export interface Lender {
  release(lease: Borrowed, store: Store): void;
  grow(lease: Borrowed, store: Store, length: Bytes): void;
  /** `sending`: while the pool itself gives the bytes to somebody; the lease may be released meanwhile. */
  pinned(store: Store, sending: boolean): Pin;
  /** The store leaves the shard: it was freed, or is detached for another. */
  forget(store: Store): void;
}

/** The `task` of a store that is under no lease. */
export const NOT_LENT = -1;
/**
 * The `place` of a store that no shard ever lent. Comparing numbers costs less than comparing lenders (3 ns
 * of a hit).
 */
export const NOWHERE = -1;

/**
 * One ArrayBuffer of the pool with its cached views, so that a hit creates no typed array, and with what the
 * shard knows of the lease it is under. Owned by exactly one shard at a time: idle in its free list, or under
 * one lease.
 *
 * The lease refers to the store, never the other way round: a store is old and a lease is young, and every
 * reference from old to young memory costs the garbage collector (12 ns of a hit, measured). A lease of
 * another generation has ended.
 */
export class Store {
  buffer: ArrayBuffer;
  readonly capacity: Bytes;
  readonly tier: number;
  /** Over 0: lent by another thread, which stays charged for it; the number is the lender's own for it. */
  readonly loan: number;
  /**
   * Over 0: the row of the worker whose result brought it here, which gets it back unless it is needed here
   * before.
   */
  origin: number;
  /** Counts the leases that were reclaimed from it; those that were released or moved know it themselves. */
  generation = 0;
  /** Native calls that still hold the memory. */
  pins = 0;
  /** Those of them that the pool made to send the bytes: a release then waits for them. */
  sends = 0;
  /**
   * True while a release may take the fast path: pooled, stays here, not pinned, guarded, timed or to be
   * scrubbed.
   */
  plain = false;
  /** True when its next user must not see what this one left. */
  scrub = false;
  /**
   * Stack of the acquiring call, where the safety level asked for one; views are then detached at the
   * release.
   */
  trace: Trace | null = null;

  // Of the lease it is under:
  /** The shard that lent it, then or before; null before its first lease. */
  lender: Lender | null = null;
  /** Bytes that its views show; changed by {@link setLength}. */
  length: Bytes = 0;
  /** Tier of the request, which may be below the tier of the store. */
  asked = 0;
  /** The task that acquired it; 0 outside tasks, `NOT_LENT` while it is under no lease. */
  task = NOT_LENT;
  /**
   * How many leases this one stands for in the record of lifetimes, 0 when it is not timed; and when it
   * began, in nanoseconds.
   */
  timedFor = 0;
  lentAt = 0;
  /** Where the lender keeps it among those it knows; `NOWHERE` while none knows it. */
  place = NOWHERE;
  /** Where the lender puts it at a release; null for a direct allocation. */
  list: IdleList | null = null;

  /** Over the whole capacity; there as soon as any view is. */
  #whole: Uint8Array<ArrayBuffer> | null = null;
  // Over the length; null until they are asked for.
  #bytes: Uint8Array<ArrayBuffer> | null = null;
  #float32: Float32Array<ArrayBuffer> | null = null;
  #int32: Int32Array<ArrayBuffer> | null = null;

  constructor(buffer: ArrayBuffer, tier: number, loan = 0, origin = 0) {
    this.buffer = buffer;
    this.capacity = buffer.byteLength;
    this.tier = tier;
    this.loan = loan;
    this.origin = origin;
    this.settle();
  }

  get whole(): Uint8Array<ArrayBuffer> {
    this.#whole ??= new Uint8Array(this.buffer);
    return this.#whole;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ?? this.#makeBytes();
  }

  get float32(): Float32Array<ArrayBuffer> {
    return this.#float32 ?? this.#makeFloat32();
  }

  get int32(): Int32Array<ArrayBuffer> {
    return this.#int32 ?? this.#makeInt32();
  }

  /**
   * False when the buffer was transferred away without the pool. Only a view leads to the buffer, and any
   * view was made together with the whole one; its length is quicker to read than the buffer's.
   */
  get intact(): boolean {
    return this.#whole === null || this.#whole.length === this.capacity;
  }

  /**
   * Views show so many bytes from now on. Those that were made for another length are forgotten; a caller who
   * expects the same length as before looks first: a comparison is all that a hit has time for.
   */
  setLength(length: Bytes): void {
    this.length = length;
    this.#bytes = null;
    this.#float32 = null;
    this.#int32 = null;
  }

  /** Works out anew whether a release may take the fast path. */
  settle(): void {
    const stays = this.loan === 0 && this.origin === 0 && this.tier !== DIRECT;
    this.plain = stays && this.pins === 0 && this.trace === null && this.timedFor === 0 && !this.scrub;
  }

  /** Its lease is timed: it began at `now`, in nanoseconds, and stands for so many. */
  time(now: number, leases: number): void {
    this.lentAt = now;
    this.timedFor = leases;
    this.plain = false;
  }

  /** The lease goes on over another store, timed or not as it was. */
  passTime(to: Store): void {
    to.timedFor = this.timedFor;
    to.lentAt = this.lentAt;
    this.timedFor = 0;
    to.settle();
    this.settle();
  }

  /** False when no view leads to the buffer. */
  get viewed(): boolean {
    return this.#whole !== null;
  }

  /**
   * Goes on with other memory. Returns its own in a new ArrayBuffer: every view made so far is detached.
   * Null, and nothing happened, when the buffer was marked untransferable.
   */
  exchange(buffer: ArrayBuffer): ArrayBuffer | null {
    if (!this.#transfer()) return null;
    const old = this.buffer;
    this.buffer = buffer;
    return old;
  }

  /**
   * Moves the memory to a new ArrayBuffer without copying: every view made so far is detached.
   * False, and nothing happened, when the buffer was marked untransferable.
   */
  rehome(): boolean {
    return this.#transfer();
  }

  /**
   * Frees the memory now instead of at the next garbage collection. False when the buffer was marked
   * untransferable.
   */
  free(): boolean {
    return this.#transfer(0);
  }

  #transfer(length?: number): boolean {
    try {
      this.buffer = this.buffer.transfer(length);
    } catch {
      return false;
    }
    this.#forgetViews();
    return true;
  }

  #makeBytes(): Uint8Array<ArrayBuffer> {
    this.#whole ??= new Uint8Array(this.buffer);
    this.#bytes = new Uint8Array(this.buffer, 0, this.length);
    return this.#bytes;
  }

  #makeFloat32(): Float32Array<ArrayBuffer> {
    this.#whole ??= new Uint8Array(this.buffer);
    this.#float32 = new Float32Array(this.buffer, 0, Math.floor(this.length / 4));
    return this.#float32;
  }

  #makeInt32(): Int32Array<ArrayBuffer> {
    this.#whole ??= new Uint8Array(this.buffer);
    this.#int32 = new Int32Array(this.buffer, 0, Math.floor(this.length / 4));
    return this.#int32;
  }

  #forgetViews(): void {
    this.#whole = null;
    this.setLength(this.length);
  }
}

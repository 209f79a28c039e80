import type { Bytes } from '../bytes.ts';
import { DIRECT } from './tiers.ts';

/**
 * One ArrayBuffer of the pool with its cached views, so that a hit creates no typed array.
 * Owned by exactly one shard at a time: idle in its free list, or under one lease.
 */
export class Store {
  buffer: ArrayBuffer;
  readonly capacity: Bytes;
  readonly tier: number;
  /** Over 0: lent by another thread, which stays charged for it; the number is the lender's own for it. */
  readonly loan: number;
  /** Native calls that still hold the memory. */
  pins = 0;
  /** True while a release may take the fast path: not a loan, not pinned, not guarded. */
  plain: boolean;

  #bytes: Uint8Array<ArrayBuffer> | null = null;
  #float32: Float32Array<ArrayBuffer> | null = null;
  #int32: Int32Array<ArrayBuffer> | null = null;

  constructor(buffer: ArrayBuffer, tier: number, loan = 0) {
    this.buffer = buffer;
    this.capacity = buffer.byteLength;
    this.tier = tier;
    this.loan = loan;
    this.plain = loan === 0 && tier !== DIRECT;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    this.#bytes ??= new Uint8Array(this.buffer);
    return this.#bytes;
  }

  get float32(): Float32Array<ArrayBuffer> {
    this.#float32 ??= new Float32Array(this.buffer);
    return this.#float32;
  }

  get int32(): Int32Array<ArrayBuffer> {
    this.#int32 ??= new Int32Array(this.buffer);
    return this.#int32;
  }

  /** False when somebody transferred the buffer away behind the pool's back. */
  get intact(): boolean {
    return this.buffer.byteLength === this.capacity;
  }

  /**
   * Moves the memory to a new ArrayBuffer without copying: every view handed out so far is detached.
   * @throws TypeError when the buffer was marked untransferable
   */
  rehome(): void {
    this.buffer = this.buffer.transfer();
    this.#forgetViews();
  }

  /** Gives the memory back now instead of at the next collection. */
  free(): void {
    this.buffer.transfer(0);
    this.#forgetViews();
  }

  #forgetViews(): void {
    this.#bytes = null;
    this.#float32 = null;
    this.#int32 = null;
  }
}

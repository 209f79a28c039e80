/** Stands in for a shard: counts what is lent, and refuses double releases. */
import type { Lease, Pin } from '../../src/pool/lease.ts';
import type { Pool } from '../../src/pool/pool.ts';

export class FakeLease {
  length: number;
  bytes: Uint8Array<ArrayBuffer>;
  released = false;
  readonly #pool: FakePool;

  constructor(pool: FakePool, length: number) {
    this.#pool = pool;
    this.length = length;
    this.bytes = dirty(length);
  }

  get capacity(): number {
    return this.bytes.length;
  }

  get float32(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.bytes.buffer, 0, Math.floor(this.length / 4));
  }

  get int32(): Int32Array<ArrayBuffer> {
    return new Int32Array(this.bytes.buffer, 0, Math.floor(this.length / 4));
  }

  resize(length: number): void {
    this.#pool.beforeResize(length);
    // Always elsewhere, so that a view kept over a resize writes into memory that is gone.
    this.bytes.buffer.transfer(0);
    this.length = length;
    this.bytes = dirty(length);
  }

  pin(): Pin {
    throw new Error('Audio hands memory to synchronous calls only and needs no pin.');
  }

  release(): void {
    if (this.released) throw new Error('released twice');
    this.released = true;
    this.#pool.lent--;
    this.bytes.buffer.transfer(0);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export class FakePool implements Pool {
  lent = 0;
  acquired = 0;
  beforeResize: (length: number) => void = () => {};

  acquire(length: number): Lease {
    this.lent++;
    this.acquired++;
    return new FakeLease(this, length) as unknown as Lease;
  }

  acquireAll(lengths: readonly number[]): Lease[] {
    return lengths.map((length) => this.acquire(length));
  }

  acquireAsync(length: number): Promise<Lease> {
    return Promise.resolve(this.acquire(length));
  }

  acquireAllAsync(lengths: readonly number[]): Promise<Lease[]> {
    return Promise.resolve(this.acquireAll(lengths));
  }
}

/** Recycled memory holds what the last borrower left there. */
function dirty(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(0x3f);
}

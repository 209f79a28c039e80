/**
 * What a program does that has no pool: new memory for every lease, left to the garbage collector when it is
 * given back. For contenders that run millpond's own code without its pool.
 */
import { tmpdir } from 'node:os';
import type { Lease, Pool } from 'millpond/worker';

class Memory {
  length: number;
  #buffer: ArrayBuffer;

  constructor(length: number) {
    this.length = length;
    this.#buffer = new ArrayBuffer(Math.ceil(length / 4) * 4);
  }

  get capacity(): number {
    return this.#buffer.byteLength;
  }
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, 0, this.length);
  }
  get float32(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#buffer, 0, Math.floor(this.length / 4));
  }
  get int32(): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#buffer, 0, Math.floor(this.length / 4));
  }

  resize(length: number): void {
    const larger = new Memory(length);
    larger.bytes.set(this.bytes.subarray(0, length));
    this.#buffer = larger.#buffer;
    this.length = length;
  }

  pin() {
    return { release() {}, [Symbol.dispose]() {} };
  }
  release(): void {}
  [Symbol.dispose](): void {}
}

// A lease has internals of the pool besides, which only the pool looks at.
const lease = (length: number): Lease => new Memory(length) as unknown as Lease;

export const allocating: Pool = {
  acquire: lease,
  tryAcquire: lease,
  acquireAsync: async (length) => lease(length),
  acquireAll: (lengths) => lengths.map(lease),
  capacityFor: (length) => length,
  blockBytes: Number.POSITIVE_INFINITY,
  mostOutputBytes: Number.POSITIVE_INFINITY,
  spoolFolder: tmpdir(),
  acquireAllAsync: async (lengths) => lengths.map(lease),
};

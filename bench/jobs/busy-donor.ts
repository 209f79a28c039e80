/** A worker that holds idle memory inside a long synchronous job, and one that starves beside it. */
import { defineJob } from 'millpond/worker';

// The donor's orders, in a shared word: 0 is to work.
/** Take all memory, and leave it idle in this worker; becomes `FULL` when that is done. */
export const FILL = 1;
export const FULL = 2;
export const STOP = 3;

export type Request =
  | {
      readonly kind: 'donate';
      readonly blocks: number;
      readonly bytes: number;
      readonly word: Int32Array<SharedArrayBuffer>;
    }
  | { readonly kind: 'fill'; readonly blocks: number; readonly bytes: number }
  /** A synchronous job that never looks at the pool. */
  | { readonly kind: 'compute'; readonly milliseconds: number }
  | { readonly kind: 'starve'; readonly blocks: number; readonly bytes: number };

/**
 * A donor's job takes a small piece of work between two looks at the pool, as one that goes block by block
 * does.
 */
const PIECE_MS = 0.2;
export const SMALL_BYTES = 4096;

export default defineJob((request: Request, { pool }): unknown => {
  const fill = ({ blocks, bytes }: { blocks: number; bytes: number }): void => {
    for (const lease of pool.acquireAll(Array.from({ length: blocks }, () => bytes))) lease.release();
  };
  switch (request.kind) {
    case 'donate': {
      const { word } = request;
      let pieces = 0;
      for (;;) {
        const order = Atomics.load(word, 0);
        if (order === STOP) return pieces;
        if (order === FILL) {
          fill(request);
          Atomics.store(word, 0, FULL);
          Atomics.notify(word, 0);
        }
        compute(PIECE_MS);
        // A small piece of memory: one of the size that the other lacks would be freed for it at once.
        pool.acquire(SMALL_BYTES).release();
        pieces++;
      }
    }
    case 'fill':
      return fill(request);
    case 'compute':
      return compute(request.milliseconds);
    case 'starve': {
      const milliseconds: number[] = [];
      const leases = [];
      for (let turn = 0; turn < request.blocks; turn++) {
        const startMs = performance.now();
        const lease = pool.acquire(request.bytes);
        lease.float32[turn] = turn;
        milliseconds.push(performance.now() - startMs);
        leases.push(lease);
      }
      for (const [turn, lease] of leases.entries()) {
        if (lease.float32[turn] !== turn) throw new Error('a lease lost its sample');
        lease.release();
      }
      return milliseconds;
    }
  }
});

function compute(milliseconds: number): number {
  let value = 1;
  for (const endMs = performance.now() + milliseconds; performance.now() < endMs; ) {
    for (let turn = 0; turn < 100; turn++) value = Math.sqrt(value + turn);
  }
  return value;
}

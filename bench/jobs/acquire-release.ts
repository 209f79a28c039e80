/** One measurement of getting and giving back memory, inside a worker as in real work. */
import { createRequire } from 'node:module';
import { defineJob, type Pool } from 'millpond/worker';

export type Way =
  | 'pool'
  | 'pool, no view'
  | 'pool, bytes'
  | 'pool, another length'
  | 'pool, bytes, another length'
  | 'new Float32Array'
  | 'Buffer.allocUnsafeSlow'
  | 'typedarray-pool'
  | '@thi.ng/malloc';

export interface Measurement {
  readonly way: Way;
  readonly bytes: number;
  readonly iterations: number;
  /** Where the peer's package is, for those that are one. */
  readonly path?: string;
}

interface TypedArrayPool {
  mallocFloat32(samples: number): Float32Array;
  freeFloat32(samples: Float32Array): void;
}
interface MemPool {
  mallocAs(type: 'f32', samples: number): Float32Array | undefined;
  free(samples: Float32Array): boolean;
}
type ThingMalloc = { MemPool: new (options: { size: number }) => MemPool };

/** The peer that gives parts of one buffer gets one that holds any block of the benchmark several times. */
const ARENA_BYTES = 8 * 1024 * 1024;

const require = createRequire(import.meta.url);

/**
 * Each turn gets memory, writes one sample through a Float32 view of it, reads it back, and gives it back.
 * Another length means another one than in the turn before, of the same buffer. Bytes hold a part of the
 * turn's number only; the rest is added.
 */
const LOOPS: Record<Way, (measurement: Measurement, pool: Pool) => number> = {
  pool({ bytes, iterations }, pool) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const lease = pool.acquire(bytes);
      const samples = lease.float32;
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
      lease.release();
    }
    return sum;
  },
  'pool, no view'({ bytes, iterations }, pool) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const lease = pool.acquire(bytes);
      sum += turn;
      lease.release();
    }
    return sum;
  },
  'pool, bytes'({ bytes, iterations }, pool) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const lease = pool.acquire(bytes);
      const view = lease.bytes;
      view[turn & 1023] = turn;
      sum += (turn & ~255) + view[turn & 1023];
      lease.release();
    }
    return sum;
  },
  'pool, another length'({ bytes, iterations }, pool) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const lease = pool.acquire(bytes - 4 * (turn & 1));
      const samples = lease.float32;
      samples[turn & 511] = turn;
      sum += samples[turn & 511];
      lease.release();
    }
    return sum;
  },
  'pool, bytes, another length'({ bytes, iterations }, pool) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const lease = pool.acquire(bytes - 4 * (turn & 1));
      const view = lease.bytes;
      view[turn & 511] = turn;
      sum += (turn & ~255) + view[turn & 511];
      lease.release();
    }
    return sum;
  },
  'new Float32Array'({ bytes, iterations }) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const samples = new Float32Array(bytes / 4);
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
    }
    return sum;
  },
  'Buffer.allocUnsafeSlow'({ bytes, iterations }) {
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const samples = new Float32Array(Buffer.allocUnsafeSlow(bytes).buffer);
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
    }
    return sum;
  },
  'typedarray-pool'({ bytes, iterations, path }) {
    const peer: TypedArrayPool = require(path!);
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const samples = peer.mallocFloat32(bytes / 4);
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
      peer.freeFloat32(samples);
    }
    return sum;
  },
  '@thi.ng/malloc'({ bytes, iterations, path }) {
    const { MemPool }: ThingMalloc = require(path!);
    arena ??= new MemPool({ size: ARENA_BYTES });
    let sum = 0;
    for (let turn = 0; turn < iterations; turn++) {
      const samples = arena.mallocAs('f32', bytes / 4)!;
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
      arena.free(samples);
    }
    return sum;
  },
};

let arena: MemPool | undefined;

/** @returns nanoseconds per turn, and a checksum */
export default defineJob((measurement: Measurement, { pool }) => {
  const startMs = performance.now();
  const sum = LOOPS[measurement.way](measurement, pool);
  return { nanoseconds: ((performance.now() - startMs) * 1e6) / measurement.iterations, sum };
});

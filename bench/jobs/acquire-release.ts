/** One measurement of getting and giving back memory, inside a worker as in real work. */
import { defineJob } from 'millpond/worker';

export type Way = 'pool' | 'new Float32Array' | 'Buffer.allocUnsafeSlow';

export interface Measurement {
  readonly way: Way;
  readonly bytes: number;
  readonly iterations: number;
}

/**
 * Each turn gets memory, writes one sample through a Float32 view and reads it back.
 * @returns nanoseconds per turn, and a checksum
 */
export default defineJob(({ way, bytes, iterations }: Measurement, { pool }) => {
  let sum = 0;
  const startMs = performance.now();
  if (way === 'pool') {
    for (let turn = 0; turn < iterations; turn++) {
      const lease = pool.acquire(bytes);
      const samples = lease.float32;
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
      lease.release();
    }
  } else if (way === 'new Float32Array') {
    for (let turn = 0; turn < iterations; turn++) {
      const samples = new Float32Array(bytes / 4);
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
    }
  } else {
    for (let turn = 0; turn < iterations; turn++) {
      const samples = new Float32Array(Buffer.allocUnsafeSlow(bytes).buffer);
      samples[turn & 1023] = turn;
      sum += samples[turn & 1023];
    }
  }
  return { nanoseconds: ((performance.now() - startMs) * 1e6) / iterations, sum };
});

/** The work of one task of the burst benchmark, and how the live bytes of a process are followed. */

import { threadId } from 'node:worker_threads';
import type { Pool } from 'millpond/worker';
import type { PauseWords } from './pauses.ts';

export interface BurstTask {
  /** Blocks that the task holds at once, of so many bytes. */
  readonly blocks: number;
  readonly bytes: number;
  readonly pauses: PauseWords;
  /** KiB of array buffers that each thread has, by thread id. */
  readonly live: Int32Array<SharedArrayBuffer>;
  /** The largest sum of them that any thread saw. */
  readonly peak: Int32Array<SharedArrayBuffer>;
}

/** How the memory of all threads is looked at: V8's own count of what it has not freed yet. */
export function watchLive({ live, peak }: BurstTask): () => void {
  return () => {
    Atomics.store(live, threadId, Math.round(process.memoryUsage().arrayBuffers / 1024));
    const sum = live.reduce((sum, kib) => sum + kib, 0);
    for (let seen = Atomics.load(peak, 0); sum > seen; seen = Atomics.load(peak, 0)) {
      Atomics.compareExchange(peak, 0, seen, sum);
    }
  };
}

/** Takes all blocks, writes every sample, reads some back. @returns their sum */
export function useBlocks({ blocks, bytes }: BurstTask, pool: Pool, look: () => void): number {
  const leases = pool.acquireAll(Array.from({ length: blocks }, () => bytes));
  let sum = 0;
  leases.forEach((lease, at) => {
    const samples = lease.float32;
    samples.fill(at + 1);
    sum += samples[(at * 997) % (bytes / 4)];
  });
  look();
  for (const lease of leases) lease.release();
  return sum;
}

/** A user's DSP job whose blocks are as large as the runtime advises, read anew before each. */
import { closeSync, openSync, readSync } from 'node:fs';
import { defineJob, type Lease, type Pool } from 'millpond/worker';
import { chain, newState } from '../dsp/work.ts';

export interface SizedTask {
  /** Mono Float32 samples without a header. */
  readonly file: string;
  readonly hz: number;
  /** Whether it says what it processed. */
  readonly reports: boolean;
  /** Bytes of memory that it asks for beside each block, 0 for none. */
  readonly scratchBytes: number;
  /** Of each block, whatever is advised: for warming up. */
  readonly blockBytes?: number;
}

export default defineJob(
  ({ file, hz, reports, scratchBytes, blockBytes }: SizedTask, { pool, block }): number => {
    const descriptor = openSync(file, 'r');
    const state = newState();
    let sum = 0;
    try {
      for (;;) {
        const bytes = blockBytes ?? block.frames(1, hz) * 4;
        using blocks = taken(pool, scratchBytes === 0 ? [bytes, bytes] : [bytes, bytes, scratchBytes]);
        const [input, output] = blocks.leases;
        const read = readSync(descriptor, input.bytes);
        if (read === 0) return sum;
        chain(state, input.float32, output.float32, read / 4);
        // The samples' bits, so that the sum does not depend on where one block ends.
        const bits = output.int32;
        for (let at = 0; at < read / 4; at++) sum = (sum + bits[at]) | 0;
        if (reports) block.processed(read);
      }
    } finally {
      closeSync(descriptor);
    }
  },
);

function taken(pool: Pool, lengths: readonly number[]): Disposable & { readonly leases: Lease[] } {
  const leases = pool.acquireAll(lengths);
  return {
    leases,
    [Symbol.dispose]() {
      for (const lease of leases) lease.release();
    },
  };
}

/** A user's DSP job whose blocks are as large as the runtime advises, read anew before each. */
import { closeSync, openSync, readSync } from 'node:fs';
import { defineJob, type Lease, type Pool } from 'millpond/worker';
import { chain, newState } from '../dsp/work.ts';

interface SizedTask {
  /** Mono Float32 samples without a header, at 48 kHz. */
  readonly file: string;
}

export default defineJob(({ file }: SizedTask, { pool, block }): number => {
  const descriptor = openSync(file, 'r');
  const state = newState();
  let sum = 0;
  try {
    for (;;) {
      using blocks = pair(pool, block.frames(1, 48_000) * 4);
      const { input, output } = blocks;
      const bytes = readSync(descriptor, input.bytes);
      if (bytes === 0) return sum;
      chain(state, input.float32, output.float32, bytes / 4);
      // The samples' bits, so that the sum does not depend on where one block ends.
      const bits = output.int32;
      for (let at = 0; at < bytes / 4; at++) sum = (sum + bits[at]) | 0;
      block.processed(bytes);
    }
  } finally {
    closeSync(descriptor);
  }
});

function pair(pool: Pool, bytes: number): Disposable & { readonly input: Lease; readonly output: Lease } {
  const [input, output] = pool.acquireAll([bytes, bytes]);
  return {
    input,
    output,
    [Symbol.dispose]() {
      input.release();
      output.release();
    },
  };
}

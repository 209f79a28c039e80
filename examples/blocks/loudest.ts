/** A job that works block by block, asks before each one how large it should be, and says how far it is. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { defineJob } from 'millpond/worker';

/** The loudest sample of a file of 32-bit floats, mono at 48 kHz. */
export default defineJob((file: string, { pool, block, progress }) => {
  const descriptor = openSync(file, 'r');
  let peak = 0;
  let done = 0;
  try {
    const { size } = fstatSync(descriptor);
    for (;;) {
      using lease = pool.acquire(block.frames(1, 48_000) * 4);
      const bytes = readSync(descriptor, lease.bytes);
      if (bytes === 0) return peak;
      for (const sample of lease.float32.subarray(0, bytes / 4)) peak = Math.max(peak, Math.abs(sample));
      block.processed(bytes);
      done += bytes;
      progress(done / size);
    }
  } finally {
    closeSync(descriptor);
  }
});

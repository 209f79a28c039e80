/** A long synchronous job that can be stopped: the signal is up to date even inside its loop. */
import { defineJob } from 'millpond/worker';

/** Adds up so many hours of brown noise; returns the last sample. */
export default defineJob((hours: number, { pool, block, signal, progress }) => {
  const frames = hours * 3600 * 48_000;
  let level = 0;
  for (let done = 0; done < frames; ) {
    signal.throwIfAborted();
    using lease = pool.acquire(block.frames(1, 48_000) * 4);
    const samples = lease.float32;
    for (let i = 0; i < samples.length; i++) {
      level = 0.999 * level + 0.02 * (Math.random() - 0.5);
      samples[i] = level;
    }
    done += samples.length;
    block.processed(lease.length);
    progress(done / frames);
  }
  return level;
});

/** The work that is watched over: mixes tracks of a second, each in a lease of its own. */
import { defineJob } from 'millpond/worker';

export default defineJob((tracks: number, { pool, block }) => {
  using mixed = pool.acquire(48_000 * 4);
  const sum = mixed.float32.subarray(0, 48_000).fill(0);
  for (let track = 1; track <= tracks; track++) {
    using lease = pool.acquire(48_000 * 4);
    const samples = lease.float32.subarray(0, 48_000);
    for (let i = 0; i < samples.length; i++) samples[i] = Math.sin(i / (10 * track)) / tracks;
    for (let i = 0; i < samples.length; i++) sum[i] += samples[i];
    block.processed(lease.length);
  }
  return sum[0];
});

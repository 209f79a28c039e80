/** Some work to measure: noise, and how loud it is. */
import { defineJob } from 'millpond/worker';

export default defineJob((seconds: number, { pool, block }) => {
  let power = 0;
  let left = seconds * 48_000;
  while (left > 0) {
    using lease = pool.acquire(Math.min(left, block.frames(1, 48_000)) * 4);
    const samples = lease.float32;
    for (let i = 0; i < samples.length; i++) samples[i] = 2 * Math.random() - 1;
    for (const sample of samples) power += sample * sample;
    left -= samples.length;
    block.processed(lease.length);
  }
  return Math.sqrt(power / (seconds * 48_000));
});

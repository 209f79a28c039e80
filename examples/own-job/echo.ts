/** A job of your own: a lease comes in with the input and goes back with the result, both without a copy. */
import { defineJob, type Lease } from 'millpond/worker';

type Input = { block: Lease; delay: number; gain: number };

export default defineJob(({ block, delay, gain }: Input, { pool }) => {
  using dry = pool.acquire(block.length);
  const samples = block.float32;
  dry.float32.set(samples);
  for (let i = delay; i < samples.length; i++) samples[i] += gain * dry.float32[i - delay];
  return block;
});

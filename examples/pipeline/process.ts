/** The second job: rounds off what is loud, in place. */
import { defineJob, type Lease } from 'millpond/worker';

export default defineJob((block: Lease): Lease => {
  const samples = block.float32;
  for (let i = 0; i < samples.length; i++) samples[i] = Math.tanh(samples[i]);
  return block;
});

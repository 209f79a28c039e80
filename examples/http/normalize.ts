/** Makes 32-bit floats as loud as they can be; the lease that came in goes out again. */
import { defineJob, type Lease } from 'millpond/worker';

export default defineJob((block: Lease) => {
  const samples = block.float32;
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  if (peak > 0) for (let i = 0; i < samples.length; i++) samples[i] /= peak;
  return block;
});

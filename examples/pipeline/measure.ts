/** The third job: figures of a block, which ends here: what comes with an input is released with its task. */
import { defineJob, type Lease } from 'millpond/worker';

export default defineJob((block: Lease) => {
  let power = 0;
  let peak = 0;
  for (const sample of block.float32) {
    power += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  return { samples: block.float32.length, power, peak };
});

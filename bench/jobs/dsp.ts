/** The DSP job over leases of its thread's pool. */
import { defineJob } from 'millpond/worker';
import { type DspTask, workThrough } from '../dsp/work.ts';
import { watchPauses } from '../pauses.ts';

export default defineJob((task: DspTask, { pool }) => {
  watchPauses(task.pauses);
  return workThrough(task, pool);
});

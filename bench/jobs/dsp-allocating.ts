/** The DSP job with new memory for every block, in a bare Piscina. */
import { type DspTask, workThrough } from '../dsp/work.ts';
import { watchPauses } from '../pauses.ts';
import { allocating } from './pool-stand-in.ts';

export default (task: DspTask): number => {
  watchPauses(task.pauses);
  return workThrough(task, allocating);
};

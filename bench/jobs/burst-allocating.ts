/** One of a burst of tasks, with new memory for each block. */
import { type BurstTask, useBlocks, watchLive } from '../burst.ts';
import { watchPauses } from '../pauses.ts';
import { allocating } from './pool-stand-in.ts';

export default (task: BurstTask): number => {
  watchPauses(task.pauses);
  return useBlocks(task, allocating, watchLive(task));
};

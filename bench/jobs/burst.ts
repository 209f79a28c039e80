/** One of a burst of tasks: many blocks of 1 MiB at once, from the thread's pool. */
import { defineJob } from 'millpond/worker';
import { type BurstTask, useBlocks, watchLive } from '../burst.ts';
import { watchPauses } from '../pauses.ts';

export default defineJob((task: BurstTask, { pool }) => {
  watchPauses(task.pauses);
  return useBlocks(task, pool, watchLive(task));
});

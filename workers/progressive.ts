import { type TimedByPart, timedByPart } from '../src/audio/timed.ts';
import { type ProgressiveRequest, transcodeProgressive } from '../src/audio/transcode-progressive.ts';
import { defineJob } from '../src/worker.ts';

type Progressive = ReturnType<typeof transcodeProgressive>;

/** One file into another that is read while it is made. */
export default defineJob(
  (request: ProgressiveRequest, { pool, signal, progress, block }): TimedByPart<Progressive> =>
    timedByPart((encoded) => transcodeProgressive(request, { pool, signal, progress, block, encoded })),
);

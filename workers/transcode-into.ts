import { type TimedByPart, timedByPart } from '../src/audio/timed.ts';
import { type IntoRequest, transcodeInto } from '../src/audio/transcode-into.ts';
import { defineJob } from '../src/worker.ts';

type Made = ReturnType<typeof transcodeInto>;

/** One file into another that somebody else has. */
export default defineJob(
  (request: IntoRequest, { pool, signal, progress, block }): TimedByPart<Made> =>
    timedByPart((encoded) => transcodeInto(request, { pool, signal, progress, block, encoded })),
);

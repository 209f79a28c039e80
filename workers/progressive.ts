import { type Timed, timed } from '../src/audio/timed.ts';
import { type ProgressiveRequest, transcodeProgressive } from '../src/audio/transcode-progressive.ts';
import { defineJob } from '../src/worker.ts';

/** One file into another that is read while it is made. */
export default defineJob(
  (request: ProgressiveRequest, context): Timed<ReturnType<typeof transcodeProgressive>> =>
    timed(() => transcodeProgressive(request, context)),
);

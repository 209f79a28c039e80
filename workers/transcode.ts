import { type BeginBy, isTooLate, type TooLate } from '../src/audio/begin-by.ts';
import type { TranscodeRequest, TranscodeResult } from '../src/audio/plan/request.ts';
import { type TimedByPart, timedByPart } from '../src/audio/timed.ts';
import { transcode } from '../src/audio/transcode.ts';
import { defineJob } from '../src/worker.ts';

/** One file into another. */
export default defineJob(
  (
    request: TranscodeRequest & BeginBy,
    { pool, signal, progress, block },
  ): TimedByPart<TranscodeResult> | TooLate => {
    if (isTooLate(request)) return { isTooLate: true };
    return timedByPart((encoded) => transcode(request, { pool, signal, progress, block, encoded }));
  },
);

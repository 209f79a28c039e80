import type { TranscodeRequest, TranscodeResult } from '../src/audio/plan/request.ts';
import { type TimedByPart, timedByPart } from '../src/audio/timed.ts';
import { transcode } from '../src/audio/transcode.ts';
import { defineJob } from '../src/worker.ts';

/** One file into another. */
export default defineJob(
  (request: TranscodeRequest, { pool, signal, progress, block }): TimedByPart<TranscodeResult> =>
    timedByPart((encoded) => transcode(request, { pool, signal, progress, block, encoded })),
);

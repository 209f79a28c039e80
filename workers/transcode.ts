import type { TranscodeRequest, TranscodeResult } from '../src/audio/plan/request.ts';
import { type Timed, timed } from '../src/audio/timed.ts';
import { transcode } from '../src/audio/transcode.ts';
import { defineJob } from '../src/worker.ts';

/** One file into another. */
export default defineJob(
  (request: TranscodeRequest, context): Timed<TranscodeResult> => timed(() => transcode(request, context)),
);

import { type TranscodeRequest, type TranscodeResult, transcode } from '../src/audio/transcode.ts';
import { defineJob } from '../src/worker.ts';

/** One file into another. */
export default defineJob(
  (request: TranscodeRequest, context): TranscodeResult => transcode(request, context),
);

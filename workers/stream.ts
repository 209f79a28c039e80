import { type StreamRequest, type StreamResult, transcodeStream } from '../src/audio/transcode-stream.ts';
import { defineJob } from '../src/worker.ts';

/** One file into another, which goes away while it is made. */
export default defineJob(
  (request: StreamRequest, context): StreamResult => transcodeStream(request, context),
);

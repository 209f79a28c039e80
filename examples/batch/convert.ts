/** The job of a batch: one file into another. */
import { type TranscodeRequest, transcode } from 'millpond/audio';
import { defineJob } from 'millpond/worker';

export default defineJob((request: TranscodeRequest, context) => transcode(request, context));

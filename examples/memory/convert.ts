/** The job: an audio file into another, wherever both lie. */
import { type TranscodeRequest, transcode } from 'millpond/audio';
import { defineJob } from 'millpond/worker';

export default defineJob((request: TranscodeRequest, context) => transcode(request, context));

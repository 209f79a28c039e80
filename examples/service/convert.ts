/** One audio file into another, in leases. */
import { type TranscodeRequest, transcode } from 'millpond/audio';
import { defineJob } from 'millpond/worker';

export default defineJob((request: TranscodeRequest, context) => transcode(request, context));

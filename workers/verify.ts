import { type VerifyRequest, type VerifyResult, verifyFile } from '../src/audio/verify-file.ts';
import { defineJob } from '../src/worker.ts';

/** Whether one file is what was made. */
export default defineJob((request: VerifyRequest, context): VerifyResult => verifyFile(request, context));

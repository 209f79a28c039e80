import { type EngineTest, testEngine } from '../src/audio/engine-test.ts';
import { defineJob } from '../src/worker.ts';

/** What an engine fingerprint is made of. */
export default defineJob((_: null, context): EngineTest => testEngine(context));

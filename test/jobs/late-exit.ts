import { defineJob } from '../../src/worker.ts';

export default defineJob(() => 1);
process.exit(1);

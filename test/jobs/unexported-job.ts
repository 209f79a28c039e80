import { defineJob } from '../../src/worker.ts';

defineJob(() => 1);

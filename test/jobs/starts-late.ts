import { defineJob } from '../../src/worker.ts';

// Longer than between two rounds of whoever supervises its process.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);

export default defineJob(() => 'begun');

import { existsSync, writeFileSync } from 'node:fs';
import { defineJob } from '../../src/worker.ts';

/** Loads once; the thread that follows never comes to the end of this file. */
const marker = process.env.MILLPOND_TEST_MARKER as string;
if (existsSync(marker)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
writeFileSync(marker, '');

export default defineJob(() => process.exit(1));

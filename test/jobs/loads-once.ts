import { existsSync, writeFileSync } from 'node:fs';
import { defineJob } from '../../src/worker.ts';

/** Ends its worker, and cannot be loaded by the one that would replace it. */
export default defineJob(() => process.exit(1));
const marker = process.env.MILLPOND_TEST_MARKER as string;
if (existsSync(marker)) throw new Error('loaded a second time');
writeFileSync(marker, '');

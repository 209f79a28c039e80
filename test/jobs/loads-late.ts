import { appendFileSync, readFileSync } from 'node:fs';
import { defineJob } from '../../src/worker.ts';

/** Loads the first time, and again from the fourth on. */
const marker = process.env.MILLPOND_TEST_MARKER as string;
appendFileSync(marker, '.');
const times = readFileSync(marker, 'utf8').length;
if (times === 2 || times === 3) throw new Error(`the ${times}. start fails`);

export default defineJob((ends: boolean) => (ends ? process.exit(1) : times));

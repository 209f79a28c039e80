import { existsSync, writeFileSync } from 'node:fs';
import { defineJob } from '../../src/worker.ts';

// The first process that loads it is killed, as by somebody outside.
const marker = process.env.KILLED_AT_START;
if (marker !== undefined && !existsSync(marker)) {
  writeFileSync(marker, '');
  process.kill(process.pid, 'SIGKILL');
}

export default defineJob(() => 'begun');

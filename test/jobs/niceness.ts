/** A job that says how far its thread gives way to others. */
import { readFileSync } from 'node:fs';
import { defineJob } from '../../src/worker.ts';

export function niceness(): number {
  const stat = readFileSync('/proc/thread-self/stat', 'latin1');
  // The 19th field; the name of the thread, which may have spaces, is the second.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

export default defineJob(niceness);

/** How far a thread gives way to others. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Lowers the priority of the thread that calls it, and of no other. Only Linux has priorities of threads, and
 * a sandbox may forbid it: then it stays as it is.
 * @param nice 0 to 19; 0 changes nothing
 */
export function giveWay(nice: number): void {
  if (nice === 0 || process.platform !== 'linux') return;
  try {
    const thread = readlinkSync('/proc/thread-self');
    setPriority(Number(thread.slice(thread.lastIndexOf('/') + 1)), nice);
  } catch {}
}

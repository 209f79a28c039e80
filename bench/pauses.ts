/** Counts the garbage collector's pauses over all threads of a process, in a word that they share. */

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

export type PauseWords = Int32Array<SharedArrayBuffer>;

const COUNT = 0;
const MICROSECONDS = 1;
/** Entries are reported by the event loop, a moment after their pause. */
const SETTLE_MS = 50;

export function pauseWords(): PauseWords {
  return new Int32Array(new SharedArrayBuffer(8));
}

let watched: PauseWords | undefined;

/** Adds this thread's pauses from now on; more calls do nothing. */
export function watchPauses(words: PauseWords): void {
  if (watched !== undefined) return;
  watched = words;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      Atomics.add(words, COUNT, 1);
      Atomics.add(words, MICROSECONDS, Math.round(duration * 1000));
    }
  }).observe({ entryTypes: ['gc'] });
}

export interface Pauses {
  readonly count: number;
  readonly milliseconds: number;
}

/** What was counted until now. Every thread must have turned its event loop since its last pause. */
export async function readPauses(words: PauseWords): Promise<Pauses> {
  await sleep(SETTLE_MS);
  return { count: Atomics.load(words, COUNT), milliseconds: Atomics.load(words, MICROSECONDS) / 1000 };
}

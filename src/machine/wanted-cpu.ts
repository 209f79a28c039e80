/**
 * How many cores the process would keep busy if none of its threads ever had to wait for one. Owns the last
 * figures of each thread.
 *
 * A thread runs, waits for a core, or sleeps. Beside busy neighbours, or under a quota, one that computes all
 * the time runs for a part of it only, waits for the rest and never sleeps; one that has little to do waits
 * as well, but sleeps in between. So what counts is how it divides the time in which it did not wait: run /
 * (run + sleep). Waiting itself says nothing: threads that work for a fifth of the time were seen to wait for
 * three quarters of it.
 */
import type { ThreadTimes } from './thread-times.ts';

interface Thread {
  readonly last: ThreadTimes;
  /** Seconds of the last while, older ones weighted less. */
  readonly ran: number;
  readonly slept: number;
}

/**
 * A wait is counted only when it is over: one that goes on looks like sleep, and comes off it later. So both
 * are taken over a while.
 */
const WHILE_MS = 2000;

export class WantedCpu {
  #threads = new Map<string, Thread>();

  /** What comes next is the first call again. */
  restart(): void {
    this.#threads = new Map();
  }

  /** Cores; null at the first call. Threads that have begun since the last one do not count yet. */
  observe(times: readonly ThreadTimes[]): number | null {
    const before = this.#threads;
    this.#threads = new Map(times.map((now) => [now.id, next(before.get(now.id), now)]));
    if (before.size === 0) return null;
    let cores = 0;
    for (const { ran, slept } of this.#threads.values()) {
      if (ran > 0) cores += ran / (ran + Math.max(0, slept));
    }
    return cores;
  }
}

function next(thread: Thread | undefined, now: ThreadTimes): Thread {
  const last = thread?.last ?? now;
  const ran = now.ranSeconds - last.ranSeconds;
  const waited = now.waitedSeconds - last.waitedSeconds;
  // Or another thread, with the number of one that has ended.
  if (thread === undefined || ran < 0 || waited < 0) return { last: now, ran: 0, slept: 0 };
  const elapsedMs = now.atMs - last.atMs;
  const weight = Math.exp(-elapsedMs / WHILE_MS);
  return {
    last: now,
    ran: weight * thread.ran + ran,
    slept: weight * thread.slept + elapsedMs / 1000 - ran - waited,
  };
}

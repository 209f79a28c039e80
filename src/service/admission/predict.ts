/**
 * When work would start: a run through what runs, waits and comes, in the order in which it would be started,
 * on the threads that there are. Reused from one question to the next; it keeps nothing. A step for each of
 * the threads and each entry before it.
 */
import type { Lane } from './lanes.ts';

export class RunThrough {
  /** When each thread is free, and when each place of long work is. */
  readonly #threads: Float64Array;
  readonly #long: Float64Array;

  constructor(threads: number, cores: number) {
    this.#threads = new Float64Array(threads);
    this.#long = new Float64Array(cores);
  }

  begin(nowMs: number): void {
    this.#threads.fill(nowMs);
    this.#long.fill(nowMs);
  }

  /** When this would start if it were asked now; nothing changes. */
  startOf(lane: Lane, readyMs: number): number {
    const freeMs = this.#threads[least(this.#threads)];
    const placeMs = lane === 'long' ? this.#long[least(this.#long)] : 0;
    return Math.max(freeMs, placeMs, readyMs);
  }

  /** Gives it a thread as soon as there is one. Returns when it starts. */
  add(lane: Lane, readyMs: number, tookMs: number): number {
    const startMs = this.startOf(lane, readyMs);
    this.#threads[latest(this.#threads, startMs)] = startMs + tookMs;
    if (lane === 'long') this.#long[latest(this.#long, startMs)] = startMs + tookMs;
    return startMs;
  }
}

function least(times: Float64Array): number {
  let at = 0;
  for (let i = 1; i < times.length; i++) if (times[i] < times[at]) at = i;
  return at;
}

/** Of those that are free by then the one that was free last: the others may still be of use before. */
function latest(times: Float64Array, byMs: number): number {
  let at = -1;
  for (let i = 0; i < times.length; i++) {
    if (times[i] <= byMs && (at < 0 || times[i] > times[at])) at = i;
  }
  return at;
}

/**
 * The moment by which a runtime has closed. Main thread; keeps the process alive while somebody waits.
 * Invariant: it only ever comes nearer.
 */
import { clearTimeout, nowMs, setTimeout } from '../timers.ts';

/** Timers take no more; a later deadline is looked at again then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Wait {
  /** It ends so long before the deadline. */
  readonly aheadMs: () => number;
  readonly end: () => void;
  timer: NodeJS.Timeout | undefined;
}

export class Deadline {
  #atMs = Number.POSITIVE_INFINITY;
  #spanMs = Number.POSITIVE_INFINITY;
  readonly #waits = new Set<Wait>();

  /** It comes within so many milliseconds from now, or when it would have come before. */
  within(milliseconds: number): void {
    const atMs = nowMs() + milliseconds;
    if (atMs >= this.#atMs) return;
    this.#atMs = atMs;
    this.#spanMs = milliseconds;
    for (const wait of this.#waits) this.#schedule(wait);
  }

  /** What was given for all of it: milliseconds, or Infinity. */
  get spanMs(): number {
    return this.#spanMs;
  }

  /** True when something is over before the deadline, or so long ahead of it. */
  async meets(over: Promise<unknown>, aheadMs: (spanMs: number) => number = () => 0): Promise<boolean> {
    const late = Promise.withResolvers<false>();
    const wait: Wait = {
      aheadMs: () => aheadMs(this.#spanMs),
      end: () => late.resolve(false),
      timer: undefined,
    };
    this.#waits.add(wait);
    this.#schedule(wait);
    try {
      return await Promise.race([over.then(() => true), late.promise]);
    } finally {
      clearTimeout(wait.timer);
      this.#waits.delete(wait);
    }
  }

  #schedule(wait: Wait): void {
    clearTimeout(wait.timer);
    const leftMs = this.#atMs - wait.aheadMs() - nowMs();
    if (leftMs <= 0) wait.end();
    else wait.timer = setTimeout(() => this.#schedule(wait), Math.min(leftMs, LONGEST_TIMER_MS));
  }
}

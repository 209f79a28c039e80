/**
 * How many tasks a process is given beyond what its threads run, so that none waits while an answer and the
 * next task are on their way: as many short ones as take a few milliseconds, and no long one, which another
 * process may begin earlier. Owned by the tasks of an isolated runner.
 */

/** There and back over the channel, on a busy machine. */
const UNDER_WAY_MS = 5;
/** Longer tasks wait here for a free thread. */
const LONG_MS = 50;
const MOST_A_THREAD = 16;
const MEAN_SHARE = 1 / 8;

export class Ahead {
  readonly #threads: number;
  readonly #lastMs = new Map<object, number>();
  /** From one end to the next in a process, with all threads at work. */
  #meanMs: number | null = null;

  /** Of each process. */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /** How many tasks a process may have. */
  get most(): number {
    if (this.#meanMs === null) return this.#threads;
    const taskMs = this.#meanMs * this.#threads;
    if (taskMs > LONG_MS) return this.#threads;
    return this.#threads + Math.min(MOST_A_THREAD * this.#threads, Math.ceil(UNDER_WAY_MS / this.#meanMs));
  }

  /** A process has ended one. */
  ended(process: object, nowMs: number): void {
    const lastMs = this.#lastMs.get(process);
    this.#lastMs.set(process, nowMs);
    if (lastMs === undefined) return;
    const tookMs = Math.max(0.01, nowMs - lastMs);
    this.#meanMs = this.#meanMs === null ? tookMs : this.#meanMs + (tookMs - this.#meanMs) * MEAN_SHARE;
  }

  forget(process: object): void {
    this.#lastMs.delete(process);
  }
}

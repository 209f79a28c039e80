/**
 * When a thread that failed to start is tried again: ever later, and a number of times in a row. Owned by the
 * worker pool, on the main thread.
 * Invariant: one try waits at most.
 */
import type { StartTimer } from './heartbeat.ts';

/** After the first failure; twice as long after each that follows. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;
/** With so many in a row, over a second and a half at least, none will come up soon. */
const MOST_FAILURES = 5;

export class FailedStarts {
  readonly #startTimer: StartTimer;
  readonly #again: () => void;
  #failures = 0;
  #timer: Disposable | null = null;

  constructor(startTimer: StartTimer, again: () => void) {
    this.#startTimer = startTimer;
    this.#again = again;
  }

  /** A try waits: nothing else may start a thread meanwhile. */
  get waiting(): boolean {
    return this.#timer !== null;
  }

  /** A thread has started. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** A thread could not be started. False when it is not to be tried again, unless others do the work. */
  failed(othersWork: boolean): boolean {
    // Of several that fail at the same time the others come to the same try.
    if (this.#timer !== null) return true;
    if (++this.#failures >= MOST_FAILURES && !othersWork) return false;
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
    const timer = this.#startTimer(() => {
      this.#timer = null;
      this.#again();
    }, delayMs);
    timer.unref();
    this.#timer = timer;
    return true;
  }

  end(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}

/**
 * How long bodies take to come, as learnt from those that came.
 *
 * Owned by `Admission`; no clock.
 */

/** As on a network of one gigabit that is not alone. */
const FIRST_BYTES_A_MS = 50_000;
/** Of an empty body. */
const LEAST_MS = 2;
const SHARE = 1 / 20;
const MOST_OFF = Math.log(8);

export class Uploads {
  /** The logarithm of how many times longer than guessed. */
  #slower = 0;

  expectedMs(bytes: number): number {
    return guessMs(bytes) * Math.exp(this.#slower);
  }

  came(bytes: number, tookMs: number): void {
    const off = Math.log(Math.max(tookMs, LEAST_MS / 4) / this.expectedMs(bytes));
    this.#slower += Math.max(-MOST_OFF, Math.min(MOST_OFF, off)) * SHARE;
  }
}

function guessMs(bytes: number): number {
  return LEAST_MS + bytes / FIRST_BYTES_A_MS;
}

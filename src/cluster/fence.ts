/**
 * Whether a host may still act on what it holds, by its own clock alone. Owns when each lock was last known
 * to hold; pure but for the clock it is given, which must never go back, nor stand while the process does.
 * Invariant: it is closed before the lock can have ended, since it counts from when a renewal was *sent*.
 */

/** Of a lock's time: what is left is for what was begun and for clocks that go at different speeds. */
const SHARE = 0.8;

export class Fence {
  readonly #openMs: number;
  readonly #nowMs: () => number;
  #sentMs: number;

  /** @param sentMs when the lock was asked for */
  constructor(lockMs: number, sentMs: number, nowMs: () => number) {
    this.#openMs = SHARE * lockMs;
    this.#sentMs = sentMs;
    this.#nowMs = nowMs;
  }

  get isOpen(): boolean {
    return this.#nowMs() < this.closesMs;
  }

  /** Unless a renewal is granted before. */
  get closesMs(): number {
    return this.#sentMs + this.#openMs;
  }

  /** A renewal that was sent then was granted. */
  renewed(sentMs: number): void {
    this.#sentMs = Math.max(this.#sentMs, sentMs);
  }
}

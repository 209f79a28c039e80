/**
 * How much work is asked for, admitted or not, as a part of what all cores can do: above 1 it is overload.
 *
 * Owned by `Admission`; times come with the calls. A leaky sum: what was asked for counts ever less.
 */

/** Short, so that overload shows within seconds; long, so that a burst is none. */
const OVER_MS = 15_000;
/** One request counts for no more of the sum: a single long one is no overload. */
const MOST_OF_SUM = 1 / 4;

export class Demand {
  readonly #capacityMs: number;
  #askedMs = 0;
  #nowMs: number;

  constructor(cores: number, nowMs: number) {
    this.#capacityMs = cores * OVER_MS;
    this.#nowMs = nowMs;
  }

  asked(workMs: number, nowMs: number): void {
    this.#askedMs = this.at(nowMs) * this.#capacityMs + Math.min(workMs, this.#capacityMs * MOST_OF_SUM);
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  at(nowMs: number): number {
    return (this.#askedMs * Math.exp(Math.min(0, this.#nowMs - nowMs) / OVER_MS)) / this.#capacityMs;
  }

  /** From 0, where all that is asked for can be done, to 1, where it surely can't. */
  overload(nowMs: number): number {
    return Math.max(0, Math.min(1, (this.at(nowMs) - 1) / 0.3));
  }
}

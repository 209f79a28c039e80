/**
 * Which threads there are for what: one more than cores, so that long work on all cores leaves one thread to
 * short work, and short work may have any.
 *
 * Owned by `Admission`; times come with the calls. More threads than cores slow each other, so time here is
 * also counted in milliseconds of a core that each one had: `workMs` of the clock goes on slower than time
 * while all threads are busy.
 * Invariant: of `threads` at most `cores` run long work.
 */

export type Lane = 'short' | 'long';

/** What runs follows a change of how much runs within this time. */
const BUSY_MS = 5_000;

export class Lanes {
  readonly cores: number;
  readonly threads: number;
  readonly #running = { short: 0, long: 0 };
  #nowMs: number;
  #workMs = 0;
  /** Of running work, as it was lately. */
  #usual = 0;

  constructor(cores: number, nowMs: number) {
    this.cores = cores;
    this.threads = cores + 1;
    this.#nowMs = nowMs;
  }

  get running(): Readonly<Record<Lane, number>> {
    return this.#running;
  }

  get busy(): number {
    return this.#running.short + this.#running.long;
  }

  has(lane: Lane): boolean {
    return this.busy < this.threads && (lane === 'short' || this.#running.long < this.cores);
  }

  begin(lane: Lane, nowMs: number): void {
    this.workAt(nowMs);
    this.#running[lane]++;
  }

  end(lane: Lane, nowMs: number): void {
    this.workAt(nowMs);
    this.#running[lane]--;
  }

  /** Milliseconds of a core that one thread would have had until now, had it always been running. */
  workAt(nowMs: number): number {
    const passedMs = nowMs - this.#nowMs;
    if (passedMs > 0) {
      this.#nowMs = nowMs;
      this.#workMs += passedMs / this.slowing(this.busy);
      this.#usual = this.busy + (this.#usual - this.busy) * Math.exp(-passedMs / BUSY_MS);
    }
    return this.#workMs;
  }

  /** How many times longer work takes with so many running. */
  slowing(running: number): number {
    return Math.max(1, Math.min(running, this.threads) / this.cores);
  }

  /** As it will be for work that starts while so many are known to run or wait. */
  slowingAmong(known: number): number {
    return this.slowing(Math.max(known, this.#usual));
  }
}

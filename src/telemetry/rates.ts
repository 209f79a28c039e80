/**
 * How fast things went over the last whole interval. Owned by the main thread, which passes it the totals
 * about once a second.
 * Invariant: a rate is over an interval that has ended, so that two readers see the same.
 */
interface FlowTotals {
  readonly acquires: number;
  readonly allocatedBytes: number;
  readonly freedBytes: number;
}

interface Reading {
  readonly atMs: number;
  readonly totals: FlowTotals;
}

export class Rates {
  #last: Reading;
  requestsPerSecond = 0;
  /** Bytes that were allocated and freed. */
  turnoverBytesPerSecond = 0;

  constructor(nowMs: number) {
    this.#last = { atMs: nowMs, totals: { acquires: 0, allocatedBytes: 0, freedBytes: 0 } };
  }

  /** Ends an interval. */
  roll(nowMs: number, totals: FlowTotals): void {
    const { atMs, totals: before } = this.#last;
    const seconds = (nowMs - atMs) / 1000;
    if (!(seconds > 0)) return;
    this.requestsPerSecond = (totals.acquires - before.acquires) / seconds;
    const turned = totals.allocatedBytes - before.allocatedBytes + totals.freedBytes - before.freedBytes;
    this.turnoverBytesPerSecond = turned / seconds;
    this.#last = { atMs: nowMs, totals };
  }
}

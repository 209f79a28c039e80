/**
 * What the main thread knows of everything that was recorded: its own records, what the workers published,
 * and rates.
 *
 * Owned by the runtime, on the main thread, and driven by its timer: an interval of histograms and rates ends
 * about once a second. Leaves to others: what is made of it (`takeSnapshot`, `Regulator`).
 * Invariant: every interval that a thread published is merged once.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import { KiB } from '../bytes.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import { GcWatch } from './gc.ts';
import { Rates } from './rates.ts';
import { Recorder } from './recorder.ts';
import { Totals } from './totals.ts';

const INTERVAL_MS = 1000;

export class Observer {
  /** Of the main thread. */
  readonly recorder = new Recorder();
  readonly totals = new Totals();
  readonly rates: Rates;
  readonly #gc = new GcWatch((kind, nanoseconds) => this.recorder.gc(kind, nanoseconds));
  #rolledMs: number;

  constructor(nowMs: number) {
    this.#rolledMs = nowMs;
    this.rates = new Rates(nowMs);
  }

  /** Merges what this thread recorded itself. */
  publish(): void {
    this.#gc.flush();
    const interval = this.recorder.publish();
    if (interval !== null) this.totals.merge(interval, MAIN_ROW);
  }

  /** Ends an interval when it is time. */
  tick(nowMs: number, rows: RowReader): void {
    if (nowMs - this.#rolledMs < INTERVAL_MS) return;
    this.#rolledMs = nowMs;
    this.publish();
    this.totals.roll();
    const live = rows.live();
    this.rates.roll(nowMs, {
      acquires: rows.total(live, (counters) => counters.acquires),
      allocatedBytes: rows.allTiers(live, (counters, tier) => counters.allocatedKib(tier)) * KiB,
      freedBytes: rows.allTiers(live, (counters, tier) => counters.freedKib(tier)) * KiB,
    });
  }

  /** Records no more. */
  stop(): void {
    this.#gc.stop();
    this.publish();
  }
}

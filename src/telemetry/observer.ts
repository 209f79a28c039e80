/**
 * What the main thread knows of everything that was recorded: its own records, what the workers published,
 * and rates.
 *
 * Owned by the runtime, on the main thread, in its rounds: an interval of histograms and rates ends about
 * once a second, and later where there is no round. Leaves to others: what is made of it (`takeSnapshot`,
 * `Regulator`).
 * Invariant: every interval that a thread published is merged once.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import { KiB } from '../bytes.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import { GcWatch } from './gc.ts';
import { Rates } from './rates.ts';
import { Recorder } from './recorder.ts';
import { BOUNDS, QUEUE, roundedInto, SERVICE } from './series.ts';
import type { TaskEnd, TaskObserver } from './task-end.ts';
import { Totals } from './totals.ts';

const INTERVAL_MS = 1000;
const TASK_TIMES_KEPT = 1000;

export class Observer implements TaskObserver {
  /** Of the main thread. */
  readonly recorder = new Recorder();
  readonly totals = new Totals();
  readonly rates: Rates;
  readonly #gc = new GcWatch((kind, nanoseconds) => this.recorder.gc(kind, nanoseconds));
  /** Times of tasks that are not merged yet. */
  readonly #taskKeys: number[] = [];
  readonly #taskNanoseconds: number[] = [];
  #rolledMs: number;

  constructor(nowMs: number) {
    this.#rolledMs = nowMs;
    this.rates = new Rates(nowMs);
  }

  /** Of each task that has left its worker, or the queue. */
  ended({ acceptedMs, startedMs, endedMs }: TaskEnd): void {
    this.#keep(QUEUE, (startedMs ?? endedMs) - acceptedMs);
    if (startedMs !== null) this.#keep(SERVICE, endedMs - startedMs);
  }

  #keep(key: number, ms: number): void {
    const { lowest, highest } = BOUNDS[key];
    this.#taskKeys.push(key);
    this.#taskNanoseconds.push(roundedInto(ms * 1e6, lowest, highest));
    if (this.#taskKeys.length >= TASK_TIMES_KEPT) this.#publishTasks();
  }

  #publishTasks(): void {
    if (this.#taskKeys.length === 0) return;
    this.totals.timed(this.#taskKeys, this.#taskNanoseconds);
    this.#taskKeys.length = 0;
    this.#taskNanoseconds.length = 0;
  }

  /** Merges what this thread recorded itself. */
  publish(): void {
    this.#publishTasks();
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

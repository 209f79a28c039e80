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

/** Of tasks of one job: keys of series, and a value for each. */
interface TaskTimes {
  readonly keys: number[];
  readonly nanoseconds: number[];
}

export class Observer implements TaskObserver {
  /** Of the main thread. */
  readonly recorder = new Recorder();
  readonly totals = new Totals();
  readonly rates: Rates;
  readonly #gc = new GcWatch((kind, nanoseconds) => this.recorder.gc(kind, nanoseconds));
  /** Times of tasks that are not merged yet, by number of the job. */
  readonly #taskTimes = new Map<number, TaskTimes>();
  #timesKept = 0;
  #rolledMs: number;

  constructor(nowMs: number) {
    this.#rolledMs = nowMs;
    this.rates = new Rates(nowMs);
  }

  /** Of each task that has left its worker, or the queue. */
  ended({ job, acceptedMs, startedMs, endedMs }: TaskEnd): void {
    this.#keep(job, QUEUE, (startedMs ?? endedMs) - acceptedMs);
    if (startedMs !== null) this.#keep(job, SERVICE, endedMs - startedMs);
  }

  #keep(job: number, key: number, ms: number): void {
    const { lowest, highest } = BOUNDS[key];
    let times = this.#taskTimes.get(job);
    if (times === undefined) {
      times = { keys: [], nanoseconds: [] };
      this.#taskTimes.set(job, times);
    }
    times.keys.push(key);
    times.nanoseconds.push(roundedInto(ms * 1e6, lowest, highest));
    this.#timesKept++;
    if (this.#timesKept >= TASK_TIMES_KEPT) this.#publishTasks();
  }

  #publishTasks(): void {
    for (const [job, { keys, nanoseconds }] of this.#taskTimes) {
      if (keys.length === 0) continue;
      this.totals.timed(job, keys, nanoseconds);
      keys.length = 0;
      nanoseconds.length = 0;
    }
    this.#timesKept = 0;
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

/**
 * How many tasks of each job wait, run and have ended. Owned by `TaskEndings`, on the main thread.
 * Invariant: a task that was accepted and is not over either runs or waits, so that those which wait are
 * known without a look at the queue; over all jobs the counts are those of the runtime.
 */
import type { TaskCounts, TaskOutcome } from '../telemetry/task-end.ts';
import type { Entry } from './entry.ts';

type Ended = Pick<TaskCounts, TaskOutcome>;

export class CountsByJob {
  /** By number of the job: not over yet. */
  readonly #open: number[];
  readonly #ended: Record<TaskOutcome, number>[];

  constructor(jobs: number) {
    this.#open = new Array<number>(jobs).fill(0);
    this.#ended = this.#open.map(() => ({ succeeded: 0, failed: 0, cancelled: 0, lost: 0 }));
  }

  accepted(job: number): void {
    this.#open[job]++;
  }

  /** Its caller gave up, which may be long before it is over. */
  cancelled(job: number): void {
    this.#ended[job].cancelled++;
  }

  /** It is over; one that was cancelled was counted when its caller gave up. */
  over(job: number, outcome: TaskOutcome): void {
    this.#open[job]--;
    if (outcome !== 'cancelled') this.#ended[job][outcome]++;
  }

  /** Of all jobs together. */
  get ended(): Ended {
    const all = { succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
    for (const ended of this.#ended) {
      all.succeeded += ended.succeeded;
      all.failed += ended.failed;
      all.cancelled += ended.cancelled;
      all.lost += ended.lost;
    }
    return all;
  }

  /** By number of the job; `running` are all tasks that run. */
  with(running: Iterable<Pick<Entry, 'task'>>): TaskCounts[] {
    const runs = this.#open.map(() => 0);
    for (const { task } of running) runs[task.job]++;
    return this.#ended.map((ended, job) => {
      return { queued: this.#open[job] - runs[job], running: runs[job], ...ended };
    });
  }
}

/**
 * How tasks end: each is answered once and told of once. Owned by `Tasks`, on the main thread; has the counts
 * and the names of those that are over.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { TaskEnd, TaskObserver, TaskOutcome } from '../telemetry/task-end.ts';
import { CountsByJob } from './counts-by-job.ts';
import type { Entry } from './entry.ts';
import type { Queue } from './queue.ts';
import { TaskNames } from './task-names.ts';

export class TaskEndings {
  readonly names = new TaskNames();
  readonly counts: CountsByJob;
  /** When the last one ended. */
  lastMs = 0;
  readonly #queue: Pick<Queue<Entry>, 'ended'>;
  readonly #observers: readonly TaskObserver[];
  readonly #now: () => number;

  /** Of so many jobs; `now` is in milliseconds. */
  constructor(
    queue: Pick<Queue<Entry>, 'ended'>,
    jobs: number,
    observers: readonly TaskObserver[],
    now: () => number,
  ) {
    this.#queue = queue;
    this.counts = new CountsByJob(jobs);
    this.#observers = observers;
    this.#now = now;
  }

  /** It has left the queue, or its worker. */
  end(entry: Entry, outcome: TaskOutcome): void {
    const { name, task, tenant, member, acceptedMs, startedMs } = entry;
    const { job } = task;
    this.counts.over(job, outcome);
    const shard = startedMs === null ? MAIN_ROW : (member?.row ?? MAIN_ROW);
    const endedMs = this.#now();
    this.lastMs = endedMs;
    this.#queue.ended(entry, startedMs, endedMs);
    const end: TaskEnd = { name, job, tenant, shard, acceptedMs, startedMs, endedMs, outcome };
    for (const observer of this.#observers) observer.ended(end);
  }

  /** It has ended badly, unless its caller had given up before. */
  fail(entry: Entry, outcome: 'failed' | 'lost', error: unknown): void {
    this.end(entry, entry.answered ? 'cancelled' : outcome);
    this.answer(entry, () => entry.reject(error));
  }

  answer(entry: Entry, answer: () => void): void {
    if (entry.answered) return;
    entry.answered = true;
    entry.unlisten();
    answer();
  }
}

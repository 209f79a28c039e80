/**
 * How tasks end: each is answered once and told of once. Owned by `Tasks`, on the main thread; has the counts
 * and the names of those that are over.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { TaskEnd, TaskObserver, TaskOutcome } from '../telemetry/task-end.ts';
import type { Entry } from './entry.ts';
import type { NamedJob } from './jobs.ts';
import type { Queue } from './queue.ts';
import { TaskNames } from './task-names.ts';

export class TaskEndings {
  readonly names = new TaskNames();
  /** Cancelled are those whose callers gave up, which may be long before they are over. */
  readonly counts = { succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
  /** When the last one ended. */
  lastMs = 0;
  readonly #queue: Pick<Queue<Entry>, 'ended'>;
  readonly #jobs: readonly NamedJob[];
  readonly #observers: readonly TaskObserver[];
  readonly #now: () => number;

  /** `now` is in milliseconds. */
  constructor(
    queue: Pick<Queue<Entry>, 'ended'>,
    jobs: readonly NamedJob[],
    observers: readonly TaskObserver[],
    now: () => number,
  ) {
    this.#queue = queue;
    this.#jobs = jobs;
    this.#observers = observers;
    this.#now = now;
  }

  /** It has left the queue, or its worker. */
  end(entry: Entry, outcome: TaskOutcome): void {
    const { name, task, member, acceptedMs, startedMs } = entry;
    if (outcome !== 'cancelled') this.counts[outcome]++;
    const job = this.#jobs[task.job].name;
    const shard = startedMs === null ? MAIN_ROW : (member?.row ?? MAIN_ROW);
    const endedMs = this.#now();
    this.lastMs = endedMs;
    this.#queue.ended(entry, startedMs, endedMs);
    const end: TaskEnd = { name, job, shard, acceptedMs, startedMs, endedMs, outcome };
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

/**
 * Tasks that have run for longer than they may: asked to stop first, and then parted from their thread. Owned
 * by `Tasks`, on the main thread; looked at in each of the runtime's rounds.
 * Invariant: a job has `stopMs` between the two, however late the first came; whoever waits for it is
 * answered once.
 */
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { Entry } from './entry.ts';
import { taskStuck, taskTimeout } from './task-errors.ts';
import type { WorkerPool } from './worker-pool.ts';

interface LimitParts {
  readonly coordinator: Pick<Coordinator, 'cancel'>;
  readonly workers: Pick<WorkerPool, 'stop'>;
  /** Milliseconds. */
  readonly stopMs: number;
  /** The job does not stop, and its thread cannot be ended. */
  stuck(entry: Entry, error: Error): void;
}

export class TimeLimits {
  readonly #parts: LimitParts;

  constructor(parts: LimitParts) {
    this.#parts = parts;
  }

  /** `now` is in milliseconds. */
  look(running: Iterable<Entry>, now: () => number): void {
    const { coordinator, workers, stopMs } = this.#parts;
    for (const entry of running) {
      const { member, timeoutMs, name, task } = entry;
      if (member === null || timeoutMs === undefined) continue;
      const nowMs = now();
      if (nowMs - (entry.startedMs as number) < timeoutMs) continue;
      if (entry.limit === 'kept') {
        entry.limit = 'over';
        entry.toldMs = nowMs;
        // This also wakes a job that waits for memory.
        coordinator.cancel(member.row, task.task);
      }
      // From then on: this thread may have been late.
      if (entry.limit !== 'over' || nowMs - entry.toldMs < stopMs) continue;
      entry.limit = 'stopped';
      if (!workers.stop(member, taskTimeout(name, timeoutMs))) {
        this.#parts.stuck(entry, taskStuck(name, timeoutMs, stopMs));
      }
    }
  }
}

/** How a task went, as the thread that accepted it sees it. Plain data. */
export type TaskOutcome = 'succeeded' | 'failed' | 'cancelled' | 'lost';

/** Told when a task has left its worker, or its place in the queue. Times are milliseconds, of one clock. */
export interface TaskEnd {
  readonly name: string;
  /** The number of its job in the list of the runtime's. */
  readonly job: number;
  /** Whose it was; '' where it named nobody. */
  readonly tenant: string;
  /** Where it ran; 0, the main thread, for one that never started. */
  readonly shard: number;
  readonly acceptedMs: number;
  /** When it was posted to its worker; null for one that never was. */
  readonly startedMs: number | null;
  /** When its result arrived, or its caller stopped waiting. */
  readonly endedMs: number;
  readonly outcome: TaskOutcome;
}

export interface TaskObserver {
  ended(task: TaskEnd): void;
}

export interface TaskCounts {
  readonly queued: number;
  readonly running: number;
  readonly succeeded: number;
  /** Ended with the job's own error, or never started for lack of the memory that it needs. */
  readonly failed: number;
  readonly cancelled: number;
  /** Died with their worker. */
  readonly lost: number;
}

/** The tasks of one job. */
export type JobCounts = readonly [job: string, counts: TaskCounts];

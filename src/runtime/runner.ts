/**
 * What can run tasks: a runtime of threads, and whatever is built on several. Code that only runs tasks knows
 * no more than this.
 */
import type { Bytes } from '../bytes.ts';
import type { HealthReport } from '../telemetry/health-report.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';

export interface RunOptions {
  /** Rejects the run at once with the signal's reason, and asks the job to stop. */
  readonly signal?: AbortSignal;
  /** What logs call the task. Default: `task N`. */
  readonly name?: string;
  /**
   * Called with 0 to 1 while the task runs, when its job reports progress; about 20 times a second at most.
   * What it throws cancels the task and rejects the run.
   */
  readonly onProgress?: (fraction: number) => void;
  /**
   * The most memory that the job holds at once, besides what its input brings: bytes, or the lengths of the
   * leases, which count by their tiers. The task then starts only when the budget can hold it together with
   * what the other running tasks declared, in the order of the calls: so such jobs never wait for memory
   * while they hold some. Those behind it wait, too. Where no task runs that could give memory back, it is
   * refused after `acquireTimeoutMs`. Default: none.
   */
  readonly needBytes?: Bytes | readonly Bytes[];
}

export interface CloseReport {
  /** The ledger's sum at the end: 0. */
  readonly endBytes: Bytes;
  /** Leases that were never released, on the main thread and in workers outside tasks. */
  readonly leaks: number;
}

/** To be called by the thread that made it. */
export interface Runner extends AsyncDisposable {
  /** How many tasks run at once. */
  readonly threads: number;
  /**
   * Runs the job once. Leases in plain objects and arrays of the input belong to the task from this call on,
   * even if it fails. Rejects with the signal's reason at once when that aborts; else with what the job
   * threw.
   * @throws MillpondError (as a rejection) `ERR_RUNTIME_CLOSED`, `ERR_WORKER_LOST`, `ERR_WORKER_BOOTSTRAP`,
   * `ERR_NOT_CLONEABLE`, `ERR_LEASE_*`, `ERR_TASK_LEFT_PIN`; for its `needBytes` `ERR_INVALID_ARGUMENT`,
   * `ERR_REQUEST_TOO_LARGE`, and `ERR_BUDGET_EXHAUSTED` when no task runs that could make room, for
   * `acquireTimeoutMs`
   */
  run<Result = unknown>(input?: unknown, options?: RunOptions): Promise<Result>;
  /** Plain JSON; also after `close`. */
  snapshot(): Snapshot;
  /** A verdict on the runner as it is now, with a sentence for each check. */
  health(): HealthReport;
  /**
   * Refuses new runs, waits for accepted ones and for cancelled jobs to stop, ends the workers, frees
   * everything.
   */
  close(): Promise<CloseReport>;
}

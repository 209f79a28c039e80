/**
 * What can run tasks: a runtime of threads, and whatever is built on several. Code that only runs tasks knows
 * no more than this.
 */
import type { Bytes } from '../bytes.ts';
import type { HealthReport } from '../telemetry/health-report.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { InputOf, JobFile, ResultOf } from './jobs.ts';

export interface RunOptions {
  /** Which of the runner's jobs, by its name. Needed where there are several. */
  readonly job?: string;
  /** Rejects the run at once with the signal's reason, and asks the job to stop. */
  readonly signal?: AbortSignal;
  /** What logs call the task. Default: `task N`. */
  readonly name?: string;
  /**
   * Called with 0 to 1 while the task runs, when its job reports progress; about 20 times a second at most,
   * in the async context of the call of `run`. What it throws cancels the task and rejects the run.
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
  /**
   * Before others of its tenant: -10 to 10. Each step is a head start of `ageingMs`, 10 s unless the runtime
   * has another: so a task is overtaken by none that comes later than that after it, which is 200 s at most.
   * Default 0.
   */
  readonly priority?: number;
  /**
   * For whom it runs, 1 to 256 characters: those who have tasks that wait share the threads by the weights in
   * the runtime's `tenants`, whatever number of tasks each has, and have their own limits. Let it be a name
   * that you gave, not one that clients choose: each new one has a share. Default: all tasks without one are
   * one tenant, with weight 1 and no limits.
   */
  readonly tenant?: string;
  /**
   * How long the task may run, in milliseconds over 0, from when a thread is given it; looked at about 20
   * times a second. Then the job's signal aborts, and it has the runner's `stopMs` to stop: the run rejects
   * with `ERR_TASK_TIMEOUT` when it has. A job that does not is ended with its thread where it is
   * `terminable`; where it is not, the run rejects with `ERR_TASK_STUCK`, and its thread counts as lost
   * until the job ends after all. For what the caller waits, in the queue too, there is `signal`. Default:
   * as long as it takes.
   */
  readonly timeoutMs?: number;
}

export interface ReadyOptions {
  /** As in {@link RunOptions}: then there is room for its tasks, too. */
  readonly tenant?: string;
  /** Rejects with the signal's reason when that aborts. */
  readonly signal?: AbortSignal;
}

/** Of whatever length: each is asked for its next input when there is room for it. */
export type Inputs<Input> = Iterable<Input> | AsyncIterable<Input>;

/** What all tasks of a `map` have in common, as in {@link RunOptions}, and how it goes. */
export interface MapOptions<Input> extends Omit<RunOptions, 'name' | 'onProgress'> {
  /**
   * How many tasks are handed over at once, 1 or more. More than the threads, so that none waits for its next
   * one; tasks of microseconds share messages only where many wait, and like 64. Default: twice the threads.
   */
  readonly concurrency?: number;
  /**
   * How many inputs may be pulled beyond `concurrency`, 0 or more: so many results can wait to be read, or
   * for the one before them, while all threads work. No more than `concurrency + unread` inputs are ever
   * pulled and not yet read as results. Default: as `concurrency`.
   */
  readonly unread?: number;
  /** Results come in the order of the inputs, not as they end. Default false. */
  readonly ordered?: boolean;
  /**
   * `first`: the first task that fails ends all, and the next read rejects with its error. `all`: a failed
   * task is an item with its `error`, and the others go on; only the source's own errors, and those of a
   * runner that takes no more tasks (`ERR_RUNTIME_CLOSED`, `ERR_WORKER_BOOTSTRAP`), end it. Default `first`.
   */
  readonly errors?: 'first' | 'all';
  /** Options for the task of one input, before those for all. What it throws ends all. */
  readonly each?: (input: Input, index: number) => Omit<RunOptions, 'job' | 'signal'>;
}

/** What came of one input. */
export interface Mapped<Input, Result> {
  readonly ok: true;
  /** Of the input, from 0, in the order in which the source gave them. */
  readonly index: number;
  /** As the source gave it; its leases have moved. */
  readonly input: Input;
  readonly result: Result;
}

/** An input whose task failed, where `errors` is `all`. */
export interface MapFailure<Input> {
  readonly ok: false;
  readonly index: number;
  /** As the source gave it; its leases have moved or were released. */
  readonly input: Input;
  readonly error: unknown;
}

/** For one `for await`, or one reader of another kind. Nothing is pulled before the first read. */
export interface MapResults<Item> extends AsyncIterableIterator<Item, undefined, undefined>, AsyncDisposable {
  /**
   * Ends it, as `break` does: cancels what runs, releases what was not read, ends the source and resolves
   * when that is done. Rejects with what the source throws then.
   */
  return(): Promise<IteratorReturnResult<undefined>>;
}

export interface CloseOptions {
  /**
   * By then it is over, whatever the tasks do: milliseconds, 0 or more, or Infinity for as long as they take.
   * In the last fifth of that time, but two seconds at most, tasks that are not over are cancelled: their
   * runs reject with `ERR_RUNTIME_CLOSED` and their jobs' signals abort. Default 30,000. Of several calls the
   * one that ends first counts.
   */
  readonly timeoutMs?: number;
}

/** A thread that could not be ended: to stop one inside native code can abort the process. */
export interface LeftThread {
  /** Its shard, as in snapshots; -1 before it has one. */
  readonly shard: number;
  /** As in `worker_threads`. */
  readonly threadId: number;
  /**
   * `running`: it has not come to the end of its task. `starting`: it has not loaded its file. `silent`: it
   * runs no task and does not answer; something that a task left there keeps it busy, or time was up.
   */
  readonly state: 'running' | 'starting' | 'silent';
  /** The name of its task; null where it runs none. */
  readonly task: string | null;
  /** The job of its task; not there where it runs none, or the runtime has one. */
  readonly job?: string;
  /** Milliseconds that its task has run; null where it runs none. */
  readonly taskMs: number | null;
  /** What its shard is charged, idle memory included. */
  readonly heldBytes: Bytes;
  /** What its task brought, which is charged to the main thread. */
  readonly loanBytes: Bytes;
}

export interface CloseReport {
  /** The ledger's sum at the end: 0, unless threads were left. */
  readonly endBytes: Bytes;
  /** Leases that were never released, on the main thread and in workers outside tasks. */
  readonly leaks: number;
  /** Tasks that were still queued when time was up. */
  readonly refused: number;
  /**
   * Threads that had not ended when time was up. They do not keep the process alive, hold their memory, and
   * end when their task does.
   */
  readonly left: readonly LeftThread[];
}

/** Jobs of whose types nothing is known. */
export interface Untyped {
  readonly untyped: true;
}

/** How tasks are run: by what is known of the jobs' types. */
type Run<Jobs> = Jobs extends Untyped
  ? <Result = unknown>(input?: unknown, options?: RunOptions) => Promise<Result>
  : Jobs extends JobFile<infer Input, infer Result>
    ? (...given: Given<Input, RunOptions>) => Promise<Result>
    : <Name extends keyof Jobs & string>(
        input: InputOf<Jobs[Name]>,
        options: RunOptions & { readonly job: Name },
      ) => Promise<ResultOf<Jobs[Name]>>;

type First = { readonly errors?: 'first' };
type All = { readonly errors: 'all' };

/** How inputs are mapped, as `Run` is. */
type MapCall<Jobs> = Jobs extends Untyped
  ? {
      <Result = unknown, Input = unknown>(
        inputs: Inputs<Input>,
        options: MapOptions<Input> & All,
      ): MapResults<Mapped<Input, Result> | MapFailure<Input>>;
      <Result = unknown, Input = unknown>(
        inputs: Inputs<Input>,
        options?: MapOptions<Input> & First,
      ): MapResults<Mapped<Input, Result>>;
    }
  : Jobs extends JobFile<infer Input, infer Result>
    ? {
        (
          inputs: Inputs<Input>,
          options: MapOptions<Input> & All,
        ): MapResults<Mapped<Input, Result> | MapFailure<Input>>;
        (inputs: Inputs<Input>, options?: MapOptions<Input> & First): MapResults<Mapped<Input, Result>>;
      }
    : {
        <Name extends keyof Jobs & string>(
          inputs: Inputs<InputOf<Jobs[Name]>>,
          options: MapOptions<InputOf<Jobs[Name]>> & All & { readonly job: Name },
        ): MapResults<Mapped<InputOf<Jobs[Name]>, ResultOf<Jobs[Name]>> | MapFailure<InputOf<Jobs[Name]>>>;
        <Name extends keyof Jobs & string>(
          inputs: Inputs<InputOf<Jobs[Name]>>,
          options: MapOptions<InputOf<Jobs[Name]>> & First & { readonly job: Name },
        ): MapResults<Mapped<InputOf<Jobs[Name]>, ResultOf<Jobs[Name]>>>;
      };

/** An input that may be undefined may be left out. */
export type Given<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options];

/**
 * What can run tasks. To be called by the thread that made it.
 * @typeParam Jobs job files that `jobFile` gave types, by their names, or one by itself: then a wrong input
 * or name does not compile, and the result has its type
 */
export interface Runner<Jobs = Untyped> extends AsyncDisposable {
  /** How many tasks run at once. */
  readonly threads: number;
  /**
   * Runs the job once. Leases in plain objects and arrays of the input belong to the task from this call on,
   * even if it fails; but for `ERR_QUEUE_FULL`, which takes nothing: they stay the caller's. Rejects with the
   * signal's reason at once when that aborts; else with what the job threw.
   * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`, `ERR_RUNTIME_CLOSED`, `ERR_WORKER_LOST`,
   * `ERR_WORKER_BOOTSTRAP`, `ERR_NOT_CLONEABLE`, `ERR_LEASE_*`, `ERR_TASK_LEFT_PIN`; `ERR_QUEUE_FULL`, a
   * {@link QueueFullError}; for its `timeoutMs` `ERR_TASK_TIMEOUT` and `ERR_TASK_STUCK`; for its `needBytes`
   * and its tenant's `maxBytes` `ERR_REQUEST_TOO_LARGE`, and `ERR_BUDGET_EXHAUSTED` when no task runs that
   * could make room, for `acquireTimeoutMs`
   */
  run: Run<Jobs>;
  /**
   * Resolves when a run would be accepted: a thread takes tasks, and one more may wait. Of those who wait for
   * room, as many go on as there is room for, those that came first before others; a run may be refused all
   * the same, where one that did not wait came before.
   * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`, `ERR_RUNTIME_CLOSED` as soon as `close` is
   * called, and `ERR_WORKER_BOOTSTRAP`, `ERR_JOB_INVALID` or `ERR_WORKER_LOST` when no thread ever will
   */
  ready(options?: ReadyOptions): Promise<void>;
  /**
   * Runs the job once for each input, a few at a time, and gives what came of them as an async iterable, each
   * with its input and its index. It pulls no more inputs than `concurrency` and `unread` say: memory stays
   * flat whatever the length of the source, and a slow reader slows the source down. Where the runner's queue
   * is full (`ERR_QUEUE_FULL`) it waits and tries again.
   *
   * It ends by the source's end, by the first error, by `signal`, or by a reader that breaks out of the loop.
   * Then it cancels what runs, calls the source's `return()`, and waits for both before the loop is over (not
   * for a source that has not answered its last question). An input is its own from when it was pulled:
   * leases of inputs that never ran, and of results that nobody read, are released.
   * @throws MillpondError `ERR_INVALID_ARGUMENT`; the reads reject with what `run` rejects with, with what
   * the source throws, and with the signal's reason
   */
  map: MapCall<Jobs>;
  /** Plain JSON; also after `close`. */
  snapshot(): Snapshot;
  /** A verdict on the runner as it is now, with a sentence for each check. */
  health(): HealthReport;
  /**
   * Refuses new runs, waits for accepted ones and for cancelled jobs to stop, ends the workers, frees
   * everything. Always settles in time: what it could not end by then its report names. `await using` closes
   * with the default.
   * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}

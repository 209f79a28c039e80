/**
 * What a job file imports. Loaded in a worker that a runtime started, it joins that runtime: the thread gets
 * its shard, and `defineJob` says hello.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { MillpondError } from './errors.ts';
import { isProbe, type Probe, READY, type WorkerStart } from './messages/start.ts';
import type { TaskMessage } from './messages/wire.ts';
import type { BlockAdvice, JobContext } from './thread/job-context.ts';
import { type Job, JobThread } from './thread/job-thread.ts';

export { MillpondError } from './errors.ts';
export { isLease, type Lease } from './pool/lease.ts';
export type { AcquireOptions, Pool } from './pool/pool.ts';
export type { WriteOptions } from './pool/sending.ts';
export type { Pin } from './pool/store.ts';
export type { BlockAdvice, JobContext };

const start: WorkerStart | undefined = isMainThread ? undefined : workerData?.millpond;
const thread = start === undefined ? undefined : new JobThread(start);

/** What a job file exports; only a runtime calls it. */
export type DefinedJob<Input, Result> = ((task: never) => unknown) & {
  /** Types only. */ readonly __job?: (input: Input) => Result;
};

/**
 * Makes a job out of a function; export the result as default. The function may be synchronous or not, and is
 * called for one task at a time in each worker. Its input and result are structured clones; leases in plain
 * objects and arrays of them are moved. What it throws reaches the caller of `run` with its name, message,
 * stack, `cause`, `errors` and those of its own fields that can be cloned.
 * @throws MillpondError `ERR_JOB_INVALID` when it is given no function; `ERR_NOT_A_WORKER` when the result is
 * called outside a runtime
 */
export function defineJob<Input, Result>(
  job: (input: Input, context: JobContext) => Result | Promise<Result>,
): DefinedJob<Input, Result> {
  if (typeof job !== 'function') {
    throw new MillpondError(
      'ERR_JOB_INVALID',
      `defineJob takes the function that does the work, got ${typeof job}. Write: export default defineJob((input, { pool }) => ...).`,
    );
  }
  thread?.introduce();
  return (message: TaskMessage | Probe) => {
    if (thread === undefined) throw notAWorker();
    if (isProbe(message)) {
      thread.serve();
      return READY;
    }
    return thread.run(job as Job, message);
  };
}

function notAWorker(): MillpondError {
  return new MillpondError(
    'ERR_NOT_A_WORKER',
    'A job runs in a worker that a runtime started; this thread is not one. Start it with createRuntime({ job }) and runtime.run(input).',
  );
}

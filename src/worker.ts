/** What a job file imports. A runtime loads that in its worker threads. */
import { MillpondError } from './errors.ts';
import type { BlockAdvice, JobContext } from './thread/job-context.ts';
import { type DefinedJob, JOB, type Job, type JobOptions, type JobStart } from './thread/job-file.ts';

export { MillpondError } from './errors.ts';
export { isLease, type Lease } from './pool/lease.ts';
export type { AcquireOptions, Pool } from './pool/pool.ts';
export type { WriteOptions } from './pool/sending.ts';
export type { Pin } from './pool/store.ts';
export type { BlockAdvice, DefinedJob, JobContext, JobOptions, JobStart };

/**
 * Makes a job out of a function; export the result as default. The function may be synchronous or not, and is
 * called for one task at a time in each worker. Its input and result are structured clones; leases in plain
 * objects and arrays of them are moved. What it throws reaches the caller of `run` with its name, message,
 * stack, `cause`, `errors` and those of its own fields that can be cloned.
 * @throws MillpondError `ERR_JOB_INVALID` when it is given no function, or options of another kind;
 * `ERR_NOT_A_WORKER` when the result is called outside a runtime
 */
export function defineJob<Input, Result>(
  job: (input: Input, context: JobContext) => Result | Promise<Result>,
  options: JobOptions = {},
): DefinedJob<Input, Result> {
  if (typeof job !== 'function') {
    throw new MillpondError(
      'ERR_JOB_INVALID',
      `defineJob takes the function that does the work, got ${typeof job}. Write: export default defineJob((input, { pool }) => ...).`,
    );
  }
  checkOptions(options);
  const marked: Job = { ...options, run: job };
  return Object.assign(
    (): never => {
      throw notAWorker();
    },
    { [JOB]: marked },
  );
}

function checkOptions(options: JobOptions): void {
  const kinds: Readonly<Record<keyof JobOptions, string>> = {
    terminable: 'boolean',
    setup: 'function',
    teardown: 'function',
  };
  for (const [key, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key as keyof JobOptions] : undefined;
    if (kind !== undefined && (value === undefined || typeof value === kind)) continue;
    throw new MillpondError(
      'ERR_JOB_INVALID',
      `defineJob(job, options) takes terminable (a boolean), setup and teardown (functions); got ${key}: ${typeof value}. Leave it out, or correct it.`,
    );
  }
}

function notAWorker(): MillpondError {
  return new MillpondError(
    'ERR_NOT_A_WORKER',
    'A job runs in a worker that a runtime started; this thread is not one. Start it with createRuntime({ job }) and runtime.run(input).',
  );
}

/**
 * What makes the default export of a file a job, and how one is loaded. The mark is found by its name, so a
 * job file may bring a copy of `millpond/worker` of its own.
 */
import { MillpondError } from '../errors.ts';
import type { JobContext } from './job-context.ts';

/** What a job file exports; only a runtime calls what it holds. */
export type DefinedJob<Input, Result> = (() => never) & {
  /** Types only. */ readonly __job?: (input: Input) => Result;
};

/** What a thread is given when it starts. */
export interface JobStart {
  /** This thread's copy of the runtime's `data`. */
  readonly data: unknown;
}

export interface JobOptions {
  /**
   * The job is pure JavaScript, and so is all that it calls and loads: where it does not stop in time
   * (`run(input, { timeoutMs })`, or the end of the runtime) its thread is ended in the middle of it. That
   * is safe only where no native code runs or leaves anything in the thread; with an addon such as FFmpeg it
   * can abort the process. Default false: such a job is left to itself, and its thread counts as lost.
   */
  readonly terminable?: boolean;
  /**
   * Called once in each thread, before its first task; the thread takes none before this has returned, or
   * what it returns has resolved. What it throws fails the start of the thread.
   */
  readonly setup?: (start: JobStart) => unknown;
  /**
   * Called once in each thread where `setup` has succeeded, between two tasks, before the thread ends. The
   * thread waits for what it returns, for two seconds at most, and only by `process.exit` or an uncaught
   * error not at all. Not called in a thread that is ended by force or lost.
   */
  readonly teardown?: () => unknown;
}

/** A job, as its file marks it. */
export interface Job extends JobOptions {
  /** Does the work of one task. */
  readonly run: (input: never, context: JobContext) => unknown;
}

/** Where an export that is a job keeps it. */
export const JOB: unique symbol = Symbol.for('millpond.job') as never;

/** @throws what the file throws; MillpondError `ERR_JOB_INVALID` where its default export is no job */
export async function loadJob(address: string): Promise<Job> {
  const { default: exported } = await import(address);
  // Of a file in CommonJS, `default` is all that it exports.
  const job: Job | undefined = exported?.[JOB] ?? exported?.default?.[JOB];
  if (typeof job?.run === 'function') return job;
  throw new MillpondError(
    'ERR_JOB_INVALID',
    'A job file default-exports what defineJob returned; this one exports something else. Write: export default defineJob((input, { pool }) => ...).',
  );
}

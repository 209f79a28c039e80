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

/** What does the work of one task. */
export type Job = (input: never, context: JobContext) => unknown;

/** Where an export that is a job keeps it. */
export const JOB: unique symbol = Symbol.for('millpond.job') as never;

/** @throws what the file throws; MillpondError `ERR_JOB_INVALID` where its default export is no job */
export async function loadJob(address: string): Promise<Job> {
  const { default: exported } = await import(address);
  // Of a file in CommonJS, `default` is all that it exports.
  const job: unknown = exported?.[JOB] ?? exported?.default?.[JOB];
  if (typeof job === 'function') return job as Job;
  throw new MillpondError(
    'ERR_JOB_INVALID',
    'A job file default-exports what defineJob returned; this one exports something else. Write: export default defineJob((input, { pool }) => ...).',
  );
}

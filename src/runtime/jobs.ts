/** The jobs of a runtime: which files, what they are called, and of which types they are. Pure. */
import { isAbsolute, parse } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MillpondError } from '../errors.ts';
import { escaped, shortened, shownValue } from '../text/escaping.ts';
import type { DefinedJob } from '../thread/job-file.ts';

/** Of a path that is none. */
const MOST_SHOWN = 200;

/** A job file, with the types of its input and its result. */
export interface JobFile<Input, Result> extends URL {
  /** Types only: there is no such field. */
  readonly __job: (input: Input) => Result;
}

/** Job files by the names that `run(input, { job })` takes. */
export type JobFiles = Readonly<Record<string, URL | string>>;

/** What a job takes; unknown for a file that `jobFile` gave no types. */
export type InputOf<File> = File extends JobFile<infer Input, unknown> ? Input : unknown;

/** What a job returns; unknown for a file that `jobFile` gave no types. */
export type ResultOf<File> = File extends JobFile<never, infer Result> ? Result : unknown;

/**
 * Gives the address of a job file its types, so that `run` takes nothing but the job's input and returns its
 * result. `Module` is the type of all that the file exports, as `typeof import(...)` says it.
 * @param address a `file:` URL, or an absolute path
 * @throws MillpondError `ERR_INVALID_ARGUMENT`
 */
export function jobFile<Module extends { readonly default: DefinedJob<never, unknown> }>(
  address: URL | string,
): Module['default'] extends DefinedJob<infer Input, infer Result> ? JobFile<Input, Result> : never {
  return new URL(addressOf('job', address)) as never;
}

/** As a runtime knows its jobs: a task says which one it is for by the number in a list of them. */
export interface NamedJob {
  readonly name: string;
  /** A `file:` URL. */
  readonly address: string;
}

/**
 * `job` is one file, which is called as it is without its suffix; `jobs` are several.
 * @throws MillpondError `ERR_INVALID_ARGUMENT`
 */
export function resolveJobs(job: unknown, jobs: unknown): readonly NamedJob[] {
  if (jobs === undefined) {
    const address = addressOf('job', job);
    return [{ name: parse(fileURLToPath(address)).name, address }];
  }
  if (job !== undefined || typeof jobs !== 'object' || jobs === null || Object.keys(jobs).length === 0) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A runtime has one job, or jobs by their names; got job ${shown(job)} and jobs ${shown(jobs)}. Write for example jobs: { measure: new URL('./measure.ts', import.meta.url) }.`,
    );
  }
  return Object.entries(jobs).map(([name, file]) => ({ name, address: addressOf(`jobs.${name}`, file) }));
}

/** What tasks of a job are told apart by: its name, where there are others. */
export function nameAmong(jobs: readonly NamedJob[], job: number): string | undefined {
  return jobs.length > 1 ? jobs[job].name : undefined;
}

/**
 * The number of the job that a task is for.
 * @throws MillpondError `ERR_INVALID_ARGUMENT`
 */
export function jobNumber(jobs: readonly NamedJob[], name: string | undefined): number {
  if (name === undefined && jobs.length === 1) return 0;
  const number = jobs.findIndex((job) => job.name === name);
  if (number >= 0) return number;
  const names = jobs.map((job) => escaped(job.name)).join(', ');
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A task is for one of the runtime's jobs, ${names}; got ${shown(name)}. Write run(input, { job: '${escaped(jobs[0].name)}' }).`,
  );
}

/** A relative path would be looked for where the process was started. */
function addressOf(option: string, file: unknown): string {
  if (typeof file === 'string' && isAbsolute(file)) return pathToFileURL(file).href;
  if (file instanceof URL || (typeof file === 'string' && file.startsWith('file:'))) {
    try {
      fileURLToPath(file);
      return String(file);
    } catch {
      // Not of a file of this machine.
    }
  }
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${escaped(option)} is a file: URL or an absolute path, got ${shown(file)}. Write for example new URL('./my-job.ts', import.meta.url).`,
  );
}

function shown(value: unknown): string {
  return value instanceof URL ? shortened(escaped(value.href), MOST_SHOWN) : shownValue(value, MOST_SHOWN);
}

/** The options of `createRuntime` on how threads start, stop and are replaced. Pure. */
import { MillpondError } from '../errors.ts';

export interface ThreadOptions {
  /**
   * Given to each thread, as a structured clone: to the `setup` of its jobs, and as `data` in their context.
   * Leases cannot be. Default: none.
   */
  readonly data?: unknown;
  /** The environment of the threads. Default: a copy of `process.env`. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * How long a job has to stop by itself when its `timeoutMs` is over: milliseconds, 0 or more. What it does
   * not finish in that time may be lost, with its thread. Default 2000.
   */
  readonly stopMs?: number;
  /**
   * A thread is replaced by a new one after so many tasks, between two: for jobs that leave something behind,
   * such as a library that leaks. A whole number, 1 or more, or Infinity. The new one takes as long as the
   * job files take to load. Default Infinity.
   */
  readonly maxTasksPerWorker?: number;
  /**
   * A thread that has had nothing to do for so many milliseconds ends, and starts again when tasks wait: over
   * 0, or Infinity for never. A task that comes then waits for the start of a thread. Default Infinity.
   */
  readonly idleThreadMs?: number;
  /** So many threads stay however long they have nothing to do: 0 to `threads`. Default 1. */
  readonly leastThreads?: number;
  /**
   * How far the threads give way to whatever else runs, this process's main thread included, so that it stays
   * quick to answer while they have all cores: 0 to 19, as of `nice`, from when their jobs are loaded. On
   * Linux alone; elsewhere, and where the system forbids it, nothing is changed. Default 0.
   */
  readonly nice?: number;
}

/** The same with defaults filled in. */
export type ThreadSettings = Required<Omit<ThreadOptions, 'env'>> & Pick<ThreadOptions, 'env'>;

/**
 * @returns what is in `given` beside these options, too
 * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_NOT_CLONEABLE`
 */
export function resolveThreadOptions<Given extends ThreadOptions>(
  given: Given,
  threads: number,
): Omit<Given, keyof ThreadOptions> & { readonly life: ThreadSettings } {
  const {
    data,
    env,
    stopMs = 2000,
    maxTasksPerWorker = Infinity,
    idleThreadMs = Infinity,
    leastThreads = Math.min(1, threads),
    nice = 0,
    ...rest
  } = given;
  check('stopMs', stopMs, stopMs >= 0, 'a number of milliseconds, 0 or more');
  const whole = maxTasksPerWorker === Infinity || Number.isSafeInteger(maxTasksPerWorker);
  check('maxTasksPerWorker', maxTasksPerWorker, whole && maxTasksPerWorker >= 1, 'a whole number, 1 or more');
  check('idleThreadMs', idleThreadMs, idleThreadMs > 0, 'a number of milliseconds over 0, or Infinity');
  const few = Number.isSafeInteger(leastThreads) && leastThreads >= 0 && leastThreads <= threads;
  check('leastThreads', leastThreads, few, `a whole number from 0 to the number of threads, ${threads}`);
  check('nice', nice, Number.isSafeInteger(nice) && nice >= 0 && nice <= 19, 'a whole number from 0 to 19');
  checkEnv(env);
  checkData(data);
  return {
    ...rest,
    life: { data, ...(env && { env }), stopMs, maxTasksPerWorker, idleThreadMs, leastThreads, nice },
  };
}

function check(name: string, value: unknown, holds: boolean, takes: string): void {
  if (typeof value === 'number' && holds) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${name} is ${takes}; got ${String(value)}. Leave it out for the default.`,
  );
}

function checkEnv(env: unknown): void {
  if (env === undefined) return;
  const texts =
    typeof env === 'object' && env !== null && Object.values(env).every((value) => typeof value === 'string');
  if (texts) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    'env is an object of strings, as process.env. Write for example env: { ...process.env, LANG: "C" }.',
  );
}

/** What cannot be cloned would fail the start of each thread. */
function checkData(data: unknown): void {
  try {
    structuredClone(data);
  } catch (cause) {
    throw new MillpondError(
      'ERR_NOT_CLONEABLE',
      `data holds what structured cloning can copy; this holds more: ${(cause as Error).message.replace(/\.$/, '')}. Pass plain data.`,
      { cause },
    );
  }
}

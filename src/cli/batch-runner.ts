/**
 * Who does the work of a batch: threads of this process, or processes, so that a file that crashes native
 * code costs one of these. Loads the one of the two that is needed.
 */
import type { Bytes } from '../bytes.ts';
import type { RuntimeOptions } from '../runtime/options.ts';
import type { Runner } from '../runtime/runner.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';
import { setTimeout } from '../timers.ts';

export interface RunnerOptions {
  /** The name of a job file in workers/. */
  readonly job: string;
  readonly threads: number;
  readonly budget: Bytes | undefined;
  /** How many processes; 0 for none. Default: one where there are many files. */
  readonly isolate: number | undefined;
  readonly record: { readonly path: string; readonly label: string } | undefined;
  readonly logLevel: LogLevel | undefined;
  readonly log: Log;
  /** A process is gone, and does not write any more. */
  processGone(): void;
}

export interface BatchRunner {
  readonly runner: Runner;
  /** Its processes. */
  pids(): readonly number[];
  /** What it shows after its end has all of it. */
  readonly isIsolated: boolean;
  /** To be called when it has closed. */
  stop(): Promise<void>;
}

/** A process takes a quarter of a second to start: so many files are worth it. */
export const MANY_FILES = 16;
/** Whose list takes longer is not waited for. */
const LISTING_MS = 100;

/** @param atLeast whether there are so many files to do */
export async function startRunner(
  options: RunnerOptions,
  atLeast: (files: number) => Promise<boolean>,
): Promise<BatchRunner> {
  const processes = options.isolate ?? ((await areMany(atLeast)) ? 1 : 0);
  return processes === 0 ? inThreads(options) : inProcesses(options, processes);
}

async function areMany(atLeast: (files: number) => Promise<boolean>): Promise<boolean> {
  const late = Promise.withResolvers<true>();
  using timer = setTimeout(() => late.resolve(true), LISTING_MS);
  timer.unref();
  // Waited for here: the timer goes with this function.
  return await Promise.race([atLeast(MANY_FILES), late.promise]);
}

async function inThreads({ logLevel, ...options }: RunnerOptions): Promise<BatchRunner> {
  const [{ createRuntime }, { listenToFfmpeg }] = await Promise.all([
    import('../runtime/runtime.ts'),
    import('../audio/ffmpeg-log.ts'),
  ]);
  const stop = await listenToFfmpeg(options.log, logLevel);
  try {
    const runner = await createRuntime({ ...runtimeOptions(options), log: options.log });
    return { runner, pids: () => [], isIsolated: false, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function inProcesses(options: RunnerOptions, processes: number): Promise<BatchRunner> {
  const { createIsolatedRunner } = await import('../isolation/isolated-runner.ts');
  const { log, logLevel, processGone } = options;
  // No lease comes to this process.
  const shares = { processes, ownBytes: 0 };
  const given = { ...runtimeOptions(options), ...shares, log, processGone, ffmpegLog: logLevel ?? 'warn' };
  const runner = await createIsolatedRunner(given);
  return { runner, pids: () => runner.pids, isIsolated: true, stop: async () => {} };
}

export function runtimeOptions({
  job,
  threads,
  budget,
  record,
}: Pick<RunnerOptions, 'job' | 'threads' | 'budget' | 'record'>): RuntimeOptions {
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return {
    job: new URL(`../../workers/${job}${extension}`, import.meta.url),
    threads,
    // A file takes one lease, so timing each costs nothing.
    sampleEvery: 1,
    ...(budget !== undefined && { budgetBytes: budget }),
    ...(record !== undefined && { record }),
  };
}

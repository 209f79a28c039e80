/**
 * Runs a plan: every file is tried once, none stops the others. Knows no more of who does the work than that
 * it is a `Runner`.
 */
import { dirname } from 'node:path';
import { type ErrorCode, isMillpondError } from '../errors.ts';
import { makeFolder } from '../files/folders.ts';
import { outputExists, sweepDead } from '../files/whole-file.ts';
import type { Runner } from '../runtime/runner.ts';
import { escaped } from '../text/escaping.ts';
import { withOptionNames } from './option-names.ts';
import type { Plan, PlannedFile } from './plan.ts';

/** What every job says of a file. */
interface FileResult {
  /** Of audio. */
  readonly seconds: number;
  /** What was changed, left out or found damaged. */
  readonly warnings: readonly string[];
}

/** What is done with each file. */
export interface BatchWork<Result> {
  /** The input of the runner's job. */
  request(file: PlannedFile): unknown;
  /**
   * Files whose outputs appeared since they were planned are left out, too, where the request says that none
   * is to be replaced. Otherwise they fail.
   */
  readonly skipsExisting?: boolean;
  /**
   * Once the job has succeeded; where it throws, the file has failed. The signal is that of the whole batch.
   */
  finish?(file: PlannedFile, result: Result, signal: AbortSignal): void | Promise<void>;
}

export interface BatchFailure {
  /** The input's path as it was planned. */
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export interface BatchOutcome {
  readonly ok: number;
  readonly failures: readonly BatchFailure[];
  /** Files whose outputs appeared meanwhile. */
  readonly skipped: number;
  /** Seconds of audio in files that were done. */
  readonly audioSeconds: number;
  /** Files that were not done, because the batch was cancelled. */
  readonly cancelled: number;
}

export interface BatchWatcher {
  /** A file advanced by so many estimated seconds. */
  advanced(estimatedSeconds: number): void;
  done(file: PlannedFile, warnings: readonly string[]): void;
  failed(file: string, failure: BatchFailure): void;
}

/**
 * Tasks that wait in the runner for each thread: enough that no worker idles, however many files there are.
 */
const AHEAD = 3;

const EXISTS: ErrorCode = 'ERR_OUTPUT_EXISTS';

export async function runBatch<Result extends FileResult>(
  runner: Runner,
  plan: Plan,
  { request, finish, skipsExisting = false }: BatchWork<Result>,
  watcher: BatchWatcher,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const failures = [
    ...plan.unreadable.map(({ folder, reason }): BatchFailure => {
      return { file: folder, code: 'ERR_AUDIO_OPEN', message: unreadableText(reason) };
    }),
    ...plan.refused.map(({ input, output }): BatchFailure => {
      const { code, message } = outputExists(output as string);
      return { file: input, code, message };
    }),
  ];
  for (const failure of failures) watcher.failed(failure.file, failure);
  const folders = new Map<string, Promise<unknown>>();
  let ok = 0;
  let skipped = 0;
  let cancelled = 0;
  let audioSeconds = 0;
  const queue = plan.files.values();

  async function work(): Promise<void> {
    for (const file of queue) {
      if (signal.aborted) cancelled++;
      else await one(file);
    }
  }

  async function one(file: PlannedFile): Promise<void> {
    let reported = 0;
    const advance = (fraction: number): void => {
      watcher.advanced((fraction - reported) * file.estimatedSeconds);
      reported = fraction;
    };
    try {
      if (file.output !== null) await folderFor(file.output);
      const result = await runner.run<Result>(request(file), {
        signal,
        name: file.input,
        onProgress: advance,
      });
      await finish?.(file, result, signal);
      ok++;
      audioSeconds += result.seconds;
      watcher.done(file, result.warnings);
    } catch (error) {
      if (signal.aborted && !isMillpondError(error)) {
        cancelled++;
        return;
      }
      if (skipsExisting && codeOf(error) === EXISTS) {
        skipped++;
        watcher.done(file, []);
      } else fail(file, error);
    }
    advance(1);
  }

  function fail(file: PlannedFile, error: unknown): void {
    const failure = { file: file.input, code: codeOf(error), message: messageOf(error) };
    failures.push(failure);
    watcher.failed(file.input, failure);
  }

  /**
   * Made once for each folder, and rid of what runs that died left there; a folder that cannot be made fails
   * each of its files.
   */
  function folderFor(output: string): Promise<unknown> {
    const folder = dirname(output);
    let made = folders.get(folder);
    if (made === undefined) {
      made = makeFolder(folder).then(() => sweepDead(folder));
      folders.set(folder, made);
    }
    return made;
  }

  await Promise.all(Array.from({ length: runner.threads * AHEAD }, work));
  return { ok, failures, skipped, audioSeconds, cancelled };
}

/** Why a folder's files are not among those of a batch. */
export function unreadableText(reason: string): string {
  return `A folder is walked if it can be read; this one cannot: ${escaped(reason)}. Check its permissions.`;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'ERR_UNKNOWN';
}

function messageOf(error: unknown): string {
  return withOptionNames(error instanceof Error ? error.message : String(error));
}

/**
 * Runs a plan: every file is tried once, none stops the others. Knows no more of who does the work than that
 * it is a `Runner`.
 */
import { dirname } from 'node:path';
import type { TranscodeRequest, TranscodeResult } from '../audio/plan/request.ts';
import { isMillpondError } from '../errors.ts';
import { makeFolder } from '../files/folders.ts';
import { sweepDead } from '../files/whole-file.ts';
import type { Runner } from '../runtime/runner.ts';
import { escaped } from '../text/escaping.ts';
import { withOptionNames } from './option-names.ts';
import type { Plan, PlannedFile } from './plan.ts';

/** What all files of a batch have in common. */
export type BatchSettings = Omit<TranscodeRequest, 'input' | 'output'>;

export interface BatchFailure {
  /** The input's path as it was planned. */
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export interface BatchOutcome {
  readonly ok: number;
  readonly failures: readonly BatchFailure[];
  /** Seconds of audio in the outputs. */
  readonly audioSeconds: number;
  /** Files that were not done, because the batch was cancelled. */
  readonly cancelled: number;
}

export interface BatchWatcher {
  /** A file advanced by so many estimated seconds. */
  advanced(estimatedSeconds: number): void;
  done(file: PlannedFile, result: TranscodeResult): void;
  failed(file: string, failure: BatchFailure): void;
}

/**
 * Tasks that wait in the runner for each thread: enough that no worker idles, however many files there are.
 */
const AHEAD = 3;

export async function runBatch(
  runner: Runner,
  plan: Plan,
  settings: BatchSettings,
  watcher: BatchWatcher,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const failures = plan.unreadable.map(
    ({ folder, reason }): BatchFailure => ({
      file: folder,
      code: 'ERR_AUDIO_OPEN',
      message: `A folder is walked if it can be read; this one cannot: ${escaped(reason)}. Check its permissions.`,
    }),
  );
  for (const failure of failures) watcher.failed(failure.file, failure);
  const folders = new Map<string, Promise<unknown>>();
  let ok = 0;
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
      await folderFor(file.output);
      const request: TranscodeRequest = { ...settings, input: file.input, output: file.output };
      const result = await runner.run<TranscodeResult>(request, {
        signal,
        name: file.input,
        onProgress: advance,
      });
      ok++;
      audioSeconds += result.seconds;
      watcher.done(file, result);
    } catch (error) {
      if (signal.aborted && !isMillpondError(error)) {
        cancelled++;
        return;
      }
      const failure = { file: file.input, code: codeOf(error), message: messageOf(error) };
      failures.push(failure);
      watcher.failed(file.input, failure);
    }
    advance(1);
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
  return { ok, failures, audioSeconds, cancelled };
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'ERR_UNKNOWN';
}

function messageOf(error: unknown): string {
  return withOptionNames(error instanceof Error ? error.message : String(error));
}

/**
 * Runs a batch: every file is tried once, none stops the others. Knows no more of who does the work than that
 * it is a `Runner`.
 */
import { dirname } from 'node:path';
import { type ErrorCode, isMillpondError } from '../errors.ts';
import { copyWhole } from '../files/copy-whole.ts';
import type { Runner } from '../runtime/runner.ts';
import { nowMs } from '../timers.ts';
import type { DoneSources } from './done-sources.ts';
import { type Endings, endedOf, type FileResult } from './endings.ts';
import type { BatchJournal } from './journal/batch-journal.ts';
import { soundOf } from './journal/entries.ts';
import { withOptionNames } from './option-names.ts';
import type { OutputFolders } from './output-folders.ts';
import type { PendingFiles } from './pending.ts';
import type { PlannedFile } from './plan.ts';

/** What is done with each file. */
export interface BatchWork<Result> {
  /** The input of the runner's job. */
  request(file: PlannedFile): unknown;
  /** Whether a copy replaces what is there; the request says it of the others. Default true. */
  readonly overwrite?: boolean;
  /**
   * Files whose outputs appeared since they were planned are left out, too, where the request says that none
   * is to be replaced. Otherwise they fail.
   */
  readonly skipsExisting?: boolean;
  /** How long the job may take for a file: milliseconds. Default: no limit. */
  timeoutMs?(file: PlannedFile): number | undefined;
  /**
   * Once the job has succeeded; where it throws, the file has failed. The signal is that of the whole batch.
   */
  finish?(file: PlannedFile, result: Result, signal: AbortSignal): void | Promise<void>;
}

/** Where files come from and go to. */
interface BatchFiles {
  readonly pending: PendingFiles;
  readonly folders: OutputFolders;
  readonly endings: Endings;
  /** Where sources are deleted. */
  readonly sources?: DoneSources | null;
  /** Where what is done is written down; none for a batch that makes no files. */
  readonly journal?: BatchJournal | null;
}

/**
 * Tasks that wait in the runner for each thread: enough that no worker idles, however many files there are.
 */
const AHEAD = 3;
/** The same where each waits beforehand for the disk. */
const AHEAD_OF_DISK = 10;
/** Files whose outputs are made and on their way to the disk: no task waits for them. */
const MOST_SETTLING = 1000;

const EXISTS: ErrorCode = 'ERR_OUTPUT_EXISTS';

/**
 * Resolves when all files have ended. Rejects with what ended the listing early, once those that were listed
 * have ended, and with what a listener of endings threw.
 * @param advanced a file advanced by so many estimated seconds
 */
export async function runBatch<Result extends FileResult>(
  runner: Runner,
  { pending, folders, endings, journal = null, sources = null }: BatchFiles,
  { request, finish, timeoutMs, overwrite = true, skipsExisting = false }: BatchWork<Result>,
  advanced: (estimatedSeconds: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let goesOn = true;
  const settling = new Set<Promise<void>>();
  let broken: { readonly error: unknown } | null = null;

  async function work(): Promise<void> {
    try {
      for (let file = await pending.take(); file !== null && goesOn; file = await pending.take()) {
        if (signal.aborted) endings.neverBegan();
        else await one(file);
      }
    } finally {
      goesOn = false;
    }
  }

  async function one(file: PlannedFile): Promise<void> {
    const { input, output, estimatedSeconds, isOther = false } = file;
    const ended = endedOf(file);
    let reported = 0;
    const advance = (fraction: number): void => {
      advanced((fraction - reported) * estimatedSeconds);
      reported = fraction;
    };
    let handedMs: number | null = null;
    let callMs = 0;
    let result: FileResult;
    try {
      if (output !== null) {
        await folders.make(dirname(output));
        await journal?.begin({ input, output });
      }
      await sources?.expect(file);
      const most = timeoutMs?.(file);
      handedMs = nowMs();
      if (isOther) {
        result = await copied(file);
        callMs = nowMs() - handedMs;
      } else {
        const made = await runner.run<Result>(request(file), {
          signal,
          name: input,
          onProgress: advance,
          ...(most !== undefined && { timeoutMs: most }),
        });
        callMs = nowMs() - handedMs;
        await finish?.(file, made, signal);
        result = made;
      }
    } catch (error) {
      if (signal.aborted && !isMillpondError(error)) {
        await endings.add({ ...ended, state: 'cancelled' });
        return;
      }
      const code = codeOf(error);
      if (skipsExisting && code === EXISTS) {
        await endings.add({ ...ended, state: 'skipped', reason: 'exists', late: true });
      } else await fail(file, error, handedMs === null ? null : nowMs() - handedMs);
      advance(1);
      return;
    }
    const settled = settle(file, result, callMs)
      .then(() => advance(1))
      .catch((error) => {
        goesOn = false;
        broken ??= { error };
      });
    settling.add(settled);
    void settled.then(() => settling.delete(settled));
    if (settling.size > MOST_SETTLING) await Promise.race(settling);
  }

  async function copied({ input, output, mayReplace = false }: PlannedFile): Promise<FileResult> {
    const how = { overwrite: overwrite || mayReplace, signal };
    return { seconds: 0, bytesWritten: await copyWhole(input, output as string, how), warnings: [] };
  }

  /** A file is done when the journal has it. */
  async function settle(file: PlannedFile, result: FileResult, callMs: number): Promise<void> {
    const { input, output, isOther = false } = file;
    try {
      const made = { sha256: result.sha256 ?? null, sound: soundOf(result) };
      if (output !== null) await journal?.done({ input, output }, made);
    } catch (error) {
      await fail(file, error, callMs);
      return;
    }
    const notes = [...result.warnings];
    await endings.add({ ...endedOf(file), state: 'done', result, callMs, isCopied: isOther, notes });
  }

  async function fail(file: PlannedFile, error: unknown, callMs: number | null): Promise<void> {
    const { input, output } = file;
    const failure = { code: codeOf(error), message: messageOf(error) };
    // Of what it cannot write the journal has said so already; the file is tried again then.
    if (output !== null) await journal?.failed({ input, output }, failure).catch(() => {});
    await endings.add({ ...endedOf(file), state: 'failed', ...failure, callMs });
  }

  const ahead = journal?.power ? AHEAD_OF_DISK : AHEAD;
  // One at least, which hears what ended the listing.
  const workers = Array.from({ length: Math.max(1, runner.threads * ahead) }, work);
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  await Promise.all(settling);
  if (failed?.status === 'rejected') throw failed.reason;
  if (broken !== null) throw (broken as { readonly error: unknown }).error;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'ERR_UNKNOWN';
}

function messageOf(error: unknown): string {
  return withOptionNames(error instanceof Error ? error.message : String(error));
}

/**
 * Makes one file of a page: aside, then into its place if nothing has it. Holds the folders that it knows to
 * be there. What is already in the place and is the same, byte for byte, was made by a host that did not come
 * to say so: that is no fault, and counted.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BeginBy, isTooLate, type TooLate } from '../audio/begin-by.ts';
import type { MadeOnce } from '../audio/made-once.ts';
import { type Ending, endedOf, type FileResult } from '../batch/endings.ts';
import { withOptionNames } from '../batch/option-names.ts';
import { fileLine } from '../batch/results.ts';
import { usualTimeoutMs } from '../batch/time-limit.ts';
import { isMillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { copyWhole } from '../files/copy-whole.ts';
import { makeFolder } from '../files/folders.ts';
import { type PlaceOnce, placeOnce } from '../files/link-whole.ts';
import type { Runner } from '../runtime/runner.ts';
import { nowMs } from '../timers.ts';
import type { ManifestFile } from './planner.ts';
import type { BatchRecord } from './store.ts';

/** Nothing is known of the file: the folder cannot be written now, or the task was lost with its host. */
class NotNow extends Error {}

/** The page's lock was not renewed in time before a thread was free for the file: it has not begun. */
export class TooLateToBegin extends Error {}

/** Another host has ended the page meanwhile, and cleared what was made aside. */
export class PageGone extends Error {}

interface MadeFile {
  readonly line: Readonly<Record<string, unknown>>;
  /** Its output was there, and the same. */
  readonly twice: boolean;
}

interface FileToMake {
  readonly record: BatchRecord;
  /** Of the outputs. */
  readonly folder: string;
  readonly file: ManifestFile;
  /** Where its output is written first. */
  readonly aside: string;
  readonly signal: AbortSignal;
  /** By the clock of the host: later it does not begin, however long it has waited for a thread. */
  readonly beginByMs: number;
  /** Times that it was tried, and nothing was known of it then. */
  readonly refusals: number;
}

/** Makes files; a simulation has another one. */
export interface FileMaker {
  /** @throws NotNow; PageGone; TooLateToBegin; the signal's reason */
  make(file: FileToMake): Promise<MadeFile>;
  /** Whether what a line says was made is there. */
  isThere(line: Readonly<Record<string, unknown>>): Promise<boolean>;
}

/** So often a file is tried while others are made. */
const MOST_REFUSALS = 5;
const ILL = /ENOSPC|EDQUOT|EROFS|EIO|ESTALE|ETIMEDOUT|no space left|read-only|quota|input\/output error/i;

export function fileMaker(runner: Runner): FileMaker {
  const folders = new Map<string, Promise<void>>();

  async function foldersOf(folder: string): Promise<void> {
    let there = folders.get(folder);
    if (there === undefined) {
      there = makeFolder(folder);
      folders.set(folder, there);
      there.catch(() => folders.delete(folder));
    }
    await there;
  }

  return {
    async make({ record, folder, file, aside, signal, beginByMs, refusals }) {
      const place = join(folder, file.output);
      const ended = endedOf({ input: file.input, output: place, bytes: file.bytes });
      const startedMs = nowMs();
      const line = (ending: Ending) => fileLine(ending) as unknown as Readonly<Record<string, unknown>>;
      try {
        await foldersOf(dirname(place));
        const once = { path: place, replaces: file.replaces, isDurable: record.durability === 'power' };
        const request = { ...record.settings, input: file.input, output: aside, beginByMs, once };
        const made = file.isOther
          ? await copied(file, request, signal)
          : await runner.run<MadeOnce<FileResult> | TooLate>(request, {
              ...{ signal, name: file.input },
              timeoutMs: record.timeoutMs ?? usualTimeoutMs(file.bytes),
            });
        if ('isTooLate' in made) throw new TooLateToBegin();
        const { isFirst = true, ...result } = made;
        const callMs = nowMs() - startedMs;
        const notes = [...result.warnings];
        const isCopied = file.isOther;
        return { line: line({ ...ended, state: 'done', result, callMs, isCopied, notes }), twice: !isFirst };
      } catch (error) {
        await rm(systemPath(aside), { force: true }).catch(() => {});
        if (signal.aborted) throw signal.reason;
        if (!(await isThere(dirname(aside)))) throw new PageGone();
        if (error instanceof TooLateToBegin) throw error;
        const notNow = isIll(error) || isLost(error);
        if (notNow) folders.delete(dirname(place));
        if (isClosed(error) || (notNow && refusals < MOST_REFUSALS)) {
          throw new NotNow((error as Error).message, { cause: error });
        }
        const { code = 'ERR_UNKNOWN' } = error as { code?: string };
        const message = withOptionNames(error instanceof Error ? error.message : String(error));
        const callMs = nowMs() - startedMs;
        return { line: line({ ...ended, state: 'failed', code, message, callMs }), twice: false };
      }
    },
    async isThere({ state, output, outputBytes }) {
      if (state !== 'done') return true;
      const there = await stat(systemPath(output as string)).catch(() => null);
      return there?.isFile() === true && there.size === outputBytes;
    },
  };
}

async function copied(
  { input }: ManifestFile,
  request: BeginBy & { readonly output: string; readonly once: PlaceOnce },
  signal: AbortSignal,
): Promise<MadeOnce<FileResult> | TooLate> {
  if (isTooLate(request)) return { isTooLate: true };
  const bytesWritten = await copyWhole(input, request.output, { overwrite: true, signal });
  const isFirst = await placeOnce(request.output, request.once);
  return { seconds: 0, bytesWritten, isFirst, warnings: [] };
}

/** The folder, or what is behind it, cannot be written: that is nothing of the file's. */
function isIll(error: unknown): boolean {
  if (!isMillpondError(error) || error.code !== 'ERR_OUTPUT_WRITE') return false;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return ILL.test(`${cause?.code ?? ''} ${error.message}`);
}

/** Also where nobody can tell. */
async function isThere(folder: string): Promise<boolean> {
  return stat(systemPath(folder)).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  );
}

/** Its processes were killed from outside, again and again. */
function isLost(error: unknown): boolean {
  return isMillpondError(error) && error.code === 'ERR_WORKER_LOST';
}

/** The host ends: another one does it. */
function isClosed(error: unknown): boolean {
  return isMillpondError(error) && error.code === 'ERR_RUNTIME_CLOSED';
}

/** Starts who does the work of a batch: at once where it is certain to be needed. Holds nothing. */
import { dirname, resolve } from 'node:path';
import type { OutputFolders } from '../batch/output-folders.ts';
import { makeFolder } from '../files/folders.ts';
import type { Log } from '../telemetry/log.ts';
import { type BatchRunner, type RunnerOptions, startRunner } from './batch-runner.ts';
import type { Choice } from './choice.ts';
import { hasJournal, type JournaledBatch } from './journal.ts';
import { seemMany } from './many-files.ts';
import { aboutRecording } from './planning.ts';

/** Of a command that runs a batch. */
interface StartOptions extends Pick<RunnerOptions, 'threads' | 'budget' | 'isolate' | 'logLevel'> {
  readonly command: string;
  readonly inputs: readonly string[];
  readonly choice?: Choice;
  readonly journal?: JournaledBatch['journal'];
  readonly work: JournaledBatch['work'] & {
    readonly job: string;
    readonly piped?: true;
    readonly mayBeDone?: true;
  };
  /** A file for the recording. */
  readonly record: string | undefined;
}

/** Whatever a journal says, there may be nothing to do. */
export function mayBeDone({ work, choice }: Pick<StartOptions, 'work' | 'choice'>): boolean {
  return work.mayBeDone === true || (choice !== undefined && choice.existing !== 'replace');
}

/** Nothing can have been done before, and there are many files. */
export function startsAtOnce(options: StartOptions): boolean {
  const { work, journal, record, isolate, inputs } = options;
  if (work.piped || record !== undefined || isolate === 0 || mayBeDone(options)) return false;
  return !hasJournal({ journal, work }) && seemMany(inputs);
}

/** Ended with the command, also where that does not come to use it. */
export function startEarly(
  starting: Promise<BatchRunner>,
): AsyncDisposable & { starting: Promise<BatchRunner> } {
  starting.catch(() => {});
  return {
    starting,
    async [Symbol.asyncDispose]() {
      const started = await starting.catch(() => null);
      await started?.runner.close();
      await started?.stop();
    },
  };
}

/**
 * Tasks that wait for stdin, or to be read from stdout, are of one file and share memory with its reader.
 * @param atLeast whether there are so many files to do
 */
export async function startBatchRunner(
  options: StartOptions,
  log: Log,
  folders: OutputFolders,
  atLeast: (files: number) => Promise<boolean> = async () => true,
): Promise<BatchRunner> {
  const { record, work, command, isolate } = options;
  const given = {
    ...options,
    job: work.job,
    isolate: work.piped ? 0 : isolate,
    log,
    processGone: () => folders.sweepDead(),
  };
  if (record === undefined) return startRunner({ ...given, record: undefined }, atLeast);
  try {
    await makeFolder(dirname(resolve(record)));
    return await startRunner({ ...given, record: { path: record, label: command } }, atLeast);
  } catch (cause) {
    throw aboutRecording(record, cause);
  }
}

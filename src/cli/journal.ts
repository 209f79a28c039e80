/** Options of a journal, and the journal that they ask for. Holds nothing. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { engineFingerprint } from '../batch/engine-fingerprint.ts';
import { BatchJournal, type JournalOptions } from '../batch/journal/batch-journal.ts';
import type { Check, KnownFiles } from '../batch/journal/known-files.ts';
import { lookIntoJournal } from '../batch/journal/look-into-journal.ts';
import { usualJournal } from '../batch/journal/place.ts';
import type { Durability } from '../batch/journal/syncs.ts';
import type { Outputs } from '../batch/plan.ts';
import { MillpondError } from '../errors.ts';
import { absolutePath, systemPath } from '../files/byte-paths.ts';
import { makeFolder } from '../files/folders.ts';
import { shown } from '../text/escaping.ts';
import { choice, option, path } from './arguments.ts';
import { cacheFolder } from './cache-folder.ts';
import type { ChoiceOptions } from './choice.ts';
import type { Interrupt } from './interrupt.ts';
import type { Screen } from './screen.ts';

export interface JournalCommandOptions {
  journal?: string;
  durability?: Durability;
  redo?: boolean;
  check?: Check;
}

/** As it was asked for. */
export type JournalChoice = Pick<JournalOptions, 'file' | 'durability' | 'redo' | 'check' | 'deletesSources'>;

/** Of a batch that is about to be run or shown. */
export interface JournaledBatch {
  readonly journal?: JournalChoice | null;
  readonly work: { readonly outputs: Outputs | null; readonly settings?: object };
}

const DURABILITIES: readonly Durability[] = ['process', 'power'];
const CHECKS: readonly Check[] = ['times', 'content'];

export function withJournalOptions(command: Command): Command {
  return command
    .addOption(option('--journal <file>', 'where it is written down what is done; default: in --out', path))
    .addOption(
      choice(
        '--durability <level>',
        'what is done outlives the end of this; default process',
        'a durability',
        DURABILITIES,
      ),
    )
    .addOption(
      choice(
        '--check <what>',
        'by what files are compared with what they were; default times',
        'a check',
        CHECKS,
      ),
    )
    .option('--redo', 'do all anew, whatever was done before');
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` for options that exclude each other */
export function journalChoiceOf(options: JournalCommandOptions & ChoiceOptions): JournalChoice {
  const { skipExisting, newer, overwrite = true, redo = false } = options;
  if (redo && (skipExisting || newer || !overwrite)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      '--redo does all anew, and --skip-existing, --newer and --no-overwrite keep outputs that exist. Leave one out.',
    );
  }
  return {
    file: options.journal === undefined ? undefined : absolutePath(options.journal),
    // No source is deleted of what a power loss could undo.
    durability: options.deleteSource ? 'power' : (options.durability ?? 'process'),
    redo,
    check: options.check ?? 'times',
    deletesSources: options.deleteSource ?? false,
  };
}

/** A journal of before is there, by a quick look; what it says is not asked. */
export function hasJournal({ journal, work: { outputs } }: JournaledBatch): boolean {
  if (journal === undefined || journal === null || outputs === null) return false;
  return existsSync(systemPath(journal.file ?? usualJournal(absolutePath(outputs.folder))));
}

/** Null for a command without one. @throws MillpondError as {@link BatchJournal.open} */
export async function openJournalOf(
  { journal, work: { outputs, settings } }: JournaledBatch,
  screen: Screen,
  interrupt: Interrupt,
): Promise<BatchJournal | null> {
  if (journal === undefined || journal === null || outputs === null || settings === undefined) return null;
  const folder = absolutePath(outputs.folder);
  const made: string[] = [];
  try {
    await makeFolder(folder, made);
  } catch {
    // Then each file fails, and says so.
    return null;
  }
  let fingerprint: Promise<string> | null = null;
  const opened = await BatchJournal.open({
    ...journal,
    outputs: folder,
    made,
    settings,
    engine: () => (fingerprint ??= engineFingerprint(cacheFolder(process.env, 'engine'))),
    onLocks: interrupt.atEnd,
    signal: interrupt.signal,
  });
  if (!opened.isLocked) {
    screen.line(
      `warning: the file system of ${shown(outputs.folder)} has no locks: see to it that no second batch works there`,
    );
  }
  return opened;
}

/** Null for a command without one. @throws MillpondError as {@link lookIntoJournal} */
export async function lookIntoJournalOf(
  { journal, work: { outputs, settings } }: JournaledBatch,
  signal: AbortSignal,
): Promise<KnownFiles | null> {
  if (journal === undefined || journal === null || outputs === null || settings === undefined) return null;
  const folder = absolutePath(outputs.folder);
  return lookIntoJournal({ ...journal, outputs: folder, settings, engine: null, signal });
}

/** Reads a journal without a part in it: a dry run, or whoever checks a folder. Holds nothing. */
import type { JournalOptions } from './batch-journal.ts';
import { isBegunAnew, refuseChanges } from './first-line.ts';
import { KnownFiles } from './known-files.ts';
import { openJournalFile, usualJournal } from './place.ts';
import { nothingKnown, type ReadJournal, readJournal } from './read-journal.ts';

/**
 * What a journal says, for whoever only looks: nothing is locked, made or written.
 * @param options without the engine where it is not known yet: then it is not compared
 * @throws MillpondError `ERR_JOURNAL_INVALID`, `ERR_SETTINGS_CHANGED`, `ERR_OUTPUT_WRITE`
 */
export async function lookIntoJournal({ engine, ...options }: LookOptions): Promise<KnownFiles> {
  const read = options.redo ? null : await readJournalAt(options.file ?? usualJournal(options.outputs));
  if (read === null || isBegunAnew(read)) return new KnownFiles(nothingKnown(), options);
  refuseChanges(read.header, options.settings, engine);
  return new KnownFiles(read, options);
}

/** @returns null where none is there, or an empty file. @throws MillpondError as {@link lookIntoJournal} */
export async function readJournalAt(path: string): Promise<ReadJournal | null> {
  await using file = await openJournalFile(path, 'read');
  return file && (await readJournal(file, path));
}

type LookOptions = Omit<JournalOptions, 'engine' | 'durability'> & { readonly engine: string | null };

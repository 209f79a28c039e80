/**
 * Where a batch keeps its journal and its lock, and whether that place can be trusted. Asks the file
 * system.
 *
 * What is assumed: who may write to the output folder may decide what counts as done there, as they may
 * replace every output. They may not make a batch write or change anything elsewhere. So the hidden folder
 * is no link and belongs to this user, to root or to the owner of the output folder, and what is opened in
 * it is a file of its own, neither a link nor another name of a file elsewhere.
 */
import { constants, lstatSync, mkdirSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { escaped, shown } from '../../text/escaping.ts';

const FOLDER = '.millpond';

/** Of a batch into that folder. */
function hiddenFolder(outputs: string): string {
  return join(outputs, FOLDER);
}

export function usualJournal(outputs: string): string {
  return join(hiddenFolder(outputs), 'journal.ndjson');
}

/**
 * Makes the hidden folder, or looks whose it is.
 * @throws MillpondError `ERR_OUTPUT_WRITE`
 */
export function makeHiddenFolder(outputs: string): { folder: string; isNew: boolean } {
  const folder = hiddenFolder(outputs);
  try {
    mkdirSync(systemPath(folder));
    return { folder, isNew: true };
  } catch (cause) {
    const found = lstatSync(systemPath(folder), { throwIfNoEntry: false });
    if (found === undefined) throw refused(folder, escaped((cause as Error).message), cause);
    if (!found.isDirectory()) throw refused(folder, 'it is a link or a file');
    // Another batch may take away what it made for itself, just now.
    const around = statSync(systemPath(outputs), { throwIfNoEntry: false });
    if (around === undefined) throw refused(folder, escaped((cause as Error).message), cause);
    if (isForeign(found.uid, around.uid)) {
      throw refused(folder, 'it belongs to another user, who does not own the output folder');
    }
    return { folder, isNew: false };
  }
}

function isForeign(user: number, outputsUser: number): boolean {
  const own = process.getuid?.();
  return own !== undefined && ![own, 0, outputsUser].includes(user);
}

/**
 * Opens a journal's file for reading, or for both.
 * @returns null where none is there
 * @throws MillpondError `ERR_OUTPUT_WRITE` where it may not be opened, `ERR_JOURNAL_INVALID` where it is no
 * file
 */
export async function openJournalFile(path: string, access: 'read' | 'write'): Promise<FileHandle | null> {
  const { O_RDONLY, O_RDWR, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let file: FileHandle;
  try {
    file = await open(systemPath(path), (access === 'read' ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') throw noFile(path);
    throw refused(path, escaped(message), cause);
  }
  const info = await file.stat();
  if (info.isFile() && info.nlink === 1) return file;
  await file.close();
  throw noFile(path);
}

function noFile(path: string): MillpondError {
  return new MillpondError(
    'ERR_JOURNAL_INVALID',
    `A journal is a file of its own, no link, folder or device, and has one name; '${shown(path)}' is not. Name another one by --journal.`,
  );
}

function refused(path: string, reason: string, cause?: unknown): MillpondError {
  const where =
    basename(path) === FOLDER
      ? 'A batch keeps its lock and its journal in a folder of its own'
      : 'A batch writes down what is done';
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `${where}; '${shown(path)}' cannot be used: ${reason}. Check its permissions, or choose another --out or --journal.`,
    { cause },
  );
}

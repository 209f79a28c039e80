/** Folders that outputs go into. Holds nothing. */
import { rmdirSync } from 'node:fs';
import { mkdir, opendir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import { systemPath } from './byte-paths.ts';

/**
 * Makes a folder and those above it. Step by step, because Node's own recursive way never returns where a
 * file system has a folder that takes no others, as /proc.
 * @param made gets those that were not there, the outermost first
 * @throws MillpondError `ERR_OUTPUT_WRITE`
 */
export async function makeFolder(folder: string, made: string[] = []): Promise<void> {
  const missing: string[] = [];
  let above = folder;
  while (!(await stat(systemPath(above)).catch(() => null))) {
    missing.push(above);
    above = dirname(above);
  }
  try {
    // A folder that another process made meanwhile is as good; a file is not.
    for (const path of [above, ...missing.reverse()]) {
      try {
        await mkdir(systemPath(path));
        made.push(path);
      } catch (error) {
        if (!(await stat(systemPath(path)).catch(() => null))?.isDirectory()) throw error;
      }
    }
  } catch (cause) {
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `Outputs go into folders that are there or can be made, got '${escaped(folder)}': ${escaped((cause as Error).message)}. Choose another folder.`,
      { cause },
    );
  }
}

/**
 * What is asked of a folder next is answered as it is now. A share over a network answers for up to a minute
 * from what it has seen before, also that something is not there; who opens a folder is told the truth. Never
 * throws: whoever asks next hears what is wrong.
 */
export async function lookAgain(folder: string): Promise<void> {
  await opendir(systemPath(folder))
    .then((opened) => opened.close())
    .catch(() => {});
}

/**
 * Removes folders that are empty, the last first. One that somebody else uses meanwhile stays, with those
 * above it. Never throws.
 */
export function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders.toReversed()) rmdirSync(systemPath(folder));
  } catch {
    // The system removes none that holds something.
  }
}

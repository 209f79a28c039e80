/** Folders that outputs go into. Holds nothing. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import { systemPath } from './byte-paths.ts';

/**
 * Makes a folder and those above it. Step by step, because Node's own recursive way never returns where a
 * file system has a folder that takes no others, as /proc.
 * @throws MillpondError `ERR_OUTPUT_WRITE`
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  let above = folder;
  while (!(await stat(systemPath(above)).catch(() => null))) {
    missing.push(above);
    above = dirname(above);
  }
  try {
    // A folder that another process made meanwhile is as good; a file is not.
    for (const path of [above, ...missing.reverse()]) {
      await mkdir(systemPath(path)).catch(async (error) => {
        if (!(await stat(systemPath(path)).catch(() => null))?.isDirectory()) throw error;
      });
    }
  } catch (cause) {
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `Outputs go into folders that are there or can be made, got '${escaped(folder)}': ${escaped((cause as Error).message)}. Choose another folder.`,
      { cause },
    );
  }
}

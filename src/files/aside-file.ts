/** Hidden files beside the place of an output, to be renamed to it when they are whole. Owns the count of its thread's names. */
import { openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';

/** File systems take 255 bytes for a name; the rest of a long one is left out of the hidden name. */
const NAME_BYTES_KEPT = 80;

const MOST_NAMES_TRIED = 1000;

let created = 0;

/**
 * A new, empty file beside `place`. Another process of this number may have left one behind: then the next name is free, or one
 * after it. Throws what the system says when the folder is missing, full or not writable.
 */
export function createAside(place: string): { aside: string; fd: number } {
  for (let tries = 1; ; tries++) {
    const aside = join(dirname(place), asideName(basename(place)));
    try {
      return { aside, fd: openSync(aside, 'wx') };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === MOST_NAMES_TRIED) throw error;
    }
  }
}

/** Unique over processes and threads, and no pattern to any program. */
function asideName(name: string): string {
  const kept = Buffer.from(name.replaceAll('%', '_'))
    .subarray(0, NAME_BYTES_KEPT)
    .toString()
    .replaceAll('\uFFFD', '');
  created++;
  return `.${kept}.${process.pid}-${threadId}-${created}.part`;
}

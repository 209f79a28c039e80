/**
 * Hidden names beside a place, which say who made them: of files that are being written, and of folders that
 * something is tried in. Owns the count of its thread's names.
 */
import { mkdirSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { systemPath } from './byte-paths.ts';
import { OWNER_PATTERN, type Owner, ownerText, ownProcess } from './owner.ts';

/** Who writes a hidden file. */
export interface Writer extends Owner {
  readonly thread: string;
  /** What the name ends with: whether it is a file or a folder. */
  readonly kind: string;
}

const MOST_NAMES_TRIED = 1000;

/**
 * A new, empty file beside `place`. Where nothing says when a process started, another one of this number may
 * have left one behind: then the next name is free, or one after it. Throws what the system says when the
 * folder is missing, full or not writable.
 */
export function createAside(
  place: string,
  flags: 'wx' | 'wx+' = 'wx',
  mode?: number,
): { aside: string; fd: number } {
  const [aside, fd] = tryNames(place, FILE, (name) => openSync(systemPath(name), flags, mode));
  return { aside, fd };
}

/** A new, empty folder, as {@link createAside} has files. */
export function makeAside(place: string): string {
  const [aside] = tryNames(place, FOLDER, (name) => mkdirSync(systemPath(name), 0o700));
  return aside;
}

function tryNames<Made>(
  place: string,
  kind: string,
  make: (aside: string) => Made,
): [aside: string, made: Made] {
  for (let tries = 1; ; tries++) {
    const aside = join(dirname(place), asideName(basename(place), kind));
    try {
      return [aside, make(aside)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === MOST_NAMES_TRIED) throw error;
    }
  }
}

/** File systems take 255 bytes for a name; the rest of a long one is left out of the hidden name. */
const NAME_BYTES_KEPT = 80;
export const ASIDE = new RegExp(`^\\..*\\.${OWNER_PATTERN}-(?<thread>\\d+)-\\d+\\.(?<kind>part|tried)$`, 's');
/** What their names end with. */
const FILE = 'part';
export const FOLDER = 'tried';

let created = 0;

/**
 * Unique over processes and threads, and without characters that programs read as patterns. As {@link ASIDE}
 * has it.
 */
function asideName(name: string, kind: string): string {
  const kept = Buffer.from(name.replaceAll('%', '_'))
    .subarray(0, NAME_BYTES_KEPT)
    .toString()
    .replaceAll('\uFFFD', '');
  created++;
  return `.${kept}.${ownerText(ownProcess())}-${threadId}-${created}.${kind}`;
}

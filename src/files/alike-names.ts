/**
 * Names that differ as bytes and may be one name to a file system, which folds case, normal forms or both:
 * what it does is found by trying, not by its kind. Asks the file system; holds nothing.
 */
import { closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeAside } from './aside.ts';
import { systemPath } from './byte-paths.ts';

/** Letters without capitals, and what no file system folds. */
const PLAIN = /^[a-z0-9 ._()-]*$/;

/** Equal for all names that some file system takes for one; equal for some that none does, too. */
export function foldedName(name: string): string {
  if (PLAIN.test(name)) return name;
  const visible = name.normalize('NFC').replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return visible.toUpperCase().toLowerCase().normalize('NFC');
}

/**
 * Whether two names are one in a folder that is there: one is made, in a hidden folder of it, and looked for
 * by the other. False where nothing can be made there: then no output can be, either.
 */
export function areOneName(folder: string, one: string, other: string): boolean {
  let tried: string;
  try {
    tried = makeAside(join(folder, 'names'));
  } catch {
    return false;
  }
  try {
    closeSync(openSync(systemPath(join(tried, one)), 'wx'));
    const [made, found] = [one, other].map((name) =>
      lstatSync(systemPath(join(tried, name)), { bigint: true, throwIfNoEntry: false }),
    );
    return made !== undefined && found !== undefined && made.dev === found.dev && made.ino === found.ino;
  } catch {
    return false;
  } finally {
    rmSync(systemPath(tried), { recursive: true, force: true });
  }
}

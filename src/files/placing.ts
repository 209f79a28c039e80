/**
 * How a file that is whole gets its place: over what is there, or if nothing is there at that moment, among
 * hosts of one share, too. All of it at once, without a wait. Holds nothing.
 *
 * A share over a network may do what it was asked to, lose the answer and refuse the second try: so whether
 * it was done is asked of the file that is in the place, not of the answer.
 */
import { type BigIntStats, closeSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { systemPath } from './byte-paths.ts';

/** Errors of file systems that have no second names for a file. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

type Identity = Pick<BigIntStats, 'dev' | 'ino'>;

/** @param written which file is aside. Throws what the system says. */
export function placeOver(aside: string, place: string, written: Identity = identityOf(aside)): void {
  try {
    renameSync(systemPath(aside), systemPath(place));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || !isAt(place, written)) throw error;
  }
}

/**
 * False where something else has the place: then both stay. Throws what the system says.
 * @param written which file is aside
 */
export function placeNew(aside: string, place: string, written?: Identity): boolean {
  try {
    linkSync(systemPath(aside), systemPath(place));
  } catch (error) {
    if (NO_LINKS.has(codeOf(error))) return placeByName(aside, place);
    if (codeOf(error) !== 'EEXIST') throw error;
    if (!isAt(place, written ?? identityOf(aside))) return false;
  }
  try {
    rmSync(systemPath(aside), { force: true });
  } catch {
    // The output is there and whole; its hidden name goes with a sweep.
  }
  return true;
}

/** Where files have one name only: it is taken first, by an empty file. */
function placeByName(aside: string, place: string): boolean {
  try {
    closeSync(openSync(systemPath(place), 'wx'));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    placeOver(aside, place);
  } catch (error) {
    rmSync(systemPath(place), { force: true });
    throw error;
  }
  return true;
}

/** False also where nobody can tell. */
function isAt(place: string, { dev, ino }: Identity): boolean {
  try {
    const there = identityOf(place);
    return there.dev === dev && there.ino === ino;
  } catch {
    return false;
  }
}

function identityOf(path: string): Identity {
  return lstatSync(systemPath(path), { bigint: true });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/**
 * Files that appear whole or not at all: written under a hidden name beside their place, then renamed to it.
 * The name says which process made it, so that a process that exits at once can remove its own, and a later
 * one those of the dead. Holds nothing.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  futimesSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMillpondError, MillpondError } from '../errors.ts';
import { escaped, shown } from '../text/escaping.ts';
import { ASIDE, createAside, FOLDER, type Writer } from './aside.ts';
import { absolutePath, pathFromBytes, systemPath } from './byte-paths.ts';
import { isGone, ownerText, ownProcess } from './owner.ts';
import { placeNew, placeOver } from './placing.ts';
import type { FileTimes } from './times.ts';

/**
 * Where a process finds its open files by number. Whoever opens one there gets this very file, also when it
 * was removed meanwhile: opened by its name it would come back, half-written, after an interrupt has removed
 * it.
 */
export const OPEN_FILES = existsSync('/dev/fd') ? '/dev/fd' : null;

interface OutputFile {
  /** As it was asked for, for messages. */
  readonly path: string;
  /**
   * What to open for writing until {@link commit}: the file that was created for this output, and no other.
   */
  readonly handle: string;
  /** Its hidden name until then: absolute. */
  readonly aside: string;
  /** Bytes that were written to it, by whomever. */
  size(): number;
  /** Writes at a position. @throws MillpondError `ERR_OUTPUT_WRITE` */
  write(bytes: Uint8Array, position: number): void;
  /** As they will be once it is in its place, if nobody writes to it before. @throws `ERR_OUTPUT_WRITE` */
  setTimes(times: FileTimes): void;
  /**
   * Puts the file in its place, over what is there unless that may not be replaced. @returns its size in
   * bytes. @throws MillpondError `ERR_OUTPUT_WRITE`, `ERR_OUTPUT_EXISTS`
   */
  commit(): number;
  /** Removes what was written. Harmless after {@link commit}. */
  discard(): void;
}

/**
 * @param overwrite whether it replaces what is there when it is committed; otherwise nothing is written where
 * something is there, and nothing is replaced that appears later
 * @throws MillpondError `ERR_OUTPUT_WRITE` when the folder is missing, full or not writable;
 * `ERR_OUTPUT_EXISTS`
 */
export function createOutput(path: string, overwrite = true): OutputFile {
  const { aside, fd, commit, discard } = begin(path, overwrite);
  return {
    path,
    handle: OPEN_FILES === null ? aside : `${OPEN_FILES}/${fd}`,
    aside,
    size: () => fstatSync(fd).size,
    write: (bytes, position) => attempt(path, () => writeAll(fd, bytes, position)),
    setTimes: ({ accessed, changed }) => attempt(path, () => futimesSync(fd, accessed, changed)),
    commit,
    discard,
  };
}

/**
 * A file with this content in place of what is there. A pipe, a terminal or a device takes it directly:
 * there is nothing to rename.
 * @throws MillpondError `ERR_OUTPUT_WRITE`
 */
export function writeWhole(path: string, content: string): void {
  const inPlace = attempt(
    path,
    () => statSync(systemPath(path), { throwIfNoEntry: false })?.isFile() === false,
  );
  if (inPlace) {
    attempt(path, () => writeFileSync(systemPath(path), content));
    return;
  }
  const { fd, commit, discard } = begin(path, true);
  try {
    attempt(path, () => writeFileSync(fd, content));
    commit();
  } finally {
    discard();
  }
}

/**
 * Removes what this process left half-written in a folder. Never throws: nothing else can be done on the way
 * out.
 */
export function sweep(folder: string): void {
  const own = ownerText(ownProcess());
  removeFrom(folder, (owner) => ownerText(owner) === own);
}

/**
 * Removes what processes that are gone left half-written in a folder; what may still be written stays. Never
 * throws: it is not what anybody asked for.
 */
export function sweepDead(folder: string): void {
  removeFrom(folder, (owner, path) => isGone(owner, lstatSync(systemPath(path))));
}

/** Removes what a thread of this process left half-written in a folder: it has ended. Never throws. */
export function sweepThread(folder: string, threadId: number): void {
  const own = ownerText(ownProcess());
  removeFrom(folder, (owner) => ownerText(owner) === own && owner.thread === `${threadId}`);
}

function removeFrom(folder: string, isAskedFor: (owner: Writer, path: string) => boolean): void {
  let names: string[];
  try {
    names = readdirSync(systemPath(folder), { encoding: 'buffer' }).map(pathFromBytes);
  } catch {
    return; // It may not be there yet.
  }
  for (const name of names) {
    const owner = ASIDE.exec(name)?.groups;
    if (owner === undefined) continue;
    const path = join(folder, name);
    try {
      // What is in a folder that was made here goes with it; links are removed, not followed.
      const recursive = owner.kind === FOLDER;
      if (isAskedFor(owner as unknown as Writer, path)) rmSync(systemPath(path), { force: true, recursive });
    } catch {
      // Somebody else has removed it, or may and we may not.
    }
  }
}

function begin(
  path: string,
  overwrite: boolean,
): Pick<OutputFile, 'commit' | 'discard'> & { aside: string; fd: number } {
  const place = absolutePath(path);
  if (!overwrite && attempt(path, () => isThere(place))) throw outputExists(path);
  const { aside, fd } = attempt(path, () => createAside(place));
  let pending = true;
  let open = true;
  const close = (): void => {
    open = false;
    closeSync(fd);
  };
  return {
    aside,
    fd,
    commit() {
      const bytes = attempt(path, () => {
        const written = fstatSync(fd, { bigint: true });
        // File systems over a network, and those with quotas, may say only here that there is no room.
        close();
        if (overwrite) placeOver(aside, place, written);
        else if (!placeNew(aside, place, written)) throw outputExists(path);
        return Number(written.size);
      });
      pending = false;
      return bytes;
    },
    discard() {
      if (!pending) return;
      pending = false;
      try {
        if (open) close();
      } catch {
        // Nobody misses what did not get there.
      } finally {
        rmSync(systemPath(aside), { force: true });
      }
    },
  };
}

/** Also a link that leads nowhere. */
function isThere(place: string): boolean {
  return lstatSync(systemPath(place), { throwIfNoEntry: false }) !== undefined;
}

/** What is said of an output that may not be replaced. */
export function outputExists(path: string): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_EXISTS',
    `An output that exists is not replaced here, got '${shown(path)}'. Remove it, choose another folder, or allow to overwrite.`,
  );
}

/** A write may end early, as on a full disk: the next one says why. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** What the system said of a file that could not be written, in our words. */
export function unwritten(path: string, error: unknown): unknown {
  if (isMillpondError(error)) return error;
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `An output is a file in a writable folder with room for it, got '${shown(path)}': ${escaped((error as Error).message)}. Check the folder and its free space.`,
    { cause: error },
  );
}

/** An output appears whole or not at all: it is written under a hidden name beside its place, then renamed. */
import { closeSync, existsSync, fstatSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { MillpondError } from '../errors.ts';
import { createAside } from '../files/aside-file.ts';
import { quote } from '../text/escaping.ts';

/**
 * Where a process finds its open files by number. Whoever opens one there gets this very file, also when it was removed
 * meanwhile: opened by its name it would come back, half-written, after an interrupt has swept it away.
 */
const OPEN_FILES = existsSync('/dev/fd') ? '/dev/fd' : null;

export interface OutputFile {
  /** As it was asked for, for messages. */
  readonly path: string;
  /** What to open for writing until {@link commit}: the file that was created for this output, and no other. */
  readonly handle: string;
  /** Puts the file in its place, over what is there. @returns its size in bytes. @throws MillpondError `ERR_OUTPUT_WRITE` */
  commit(): number;
  /** Removes what was written. Harmless after {@link commit}. */
  discard(): void;
}

/** @throws MillpondError `ERR_OUTPUT_WRITE` when the folder is missing, full or not writable */
export function createOutput(path: string): OutputFile {
  const place = resolve(path);
  const { aside, fd } = attempt(path, () => createAside(place));
  let pending = true;
  return {
    path,
    handle: OPEN_FILES === null ? aside : `${OPEN_FILES}/${fd}`,
    commit() {
      const bytes = attempt(path, () => {
        const { size } = fstatSync(fd);
        renameSync(aside, place);
        return size;
      });
      pending = false;
      closeSync(fd);
      return bytes;
    },
    discard() {
      if (!pending) return;
      pending = false;
      closeSync(fd);
      rmSync(aside, { force: true });
    },
  };
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `An output is a file in a writable folder with room for it, got ${quote(path)}: ${(error as Error).message}. Check the folder and its free space.`,
      { cause: error },
    );
  }
}

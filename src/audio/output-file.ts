/** An output appears whole or not at all: it is written under a hidden name beside its place, then renamed. */
import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { MillpondError } from '../errors.ts';
import { quote } from './native-error.ts';

/** File systems take 255 bytes for a name; the rest of a long one is left out of the hidden name. */
const NAME_BYTES_KEPT = 80;

let created = 0;

export interface OutputFile {
  /** Where to write until {@link commit}. Absolute. */
  readonly aside: string;
  /** Puts the file in its place, over what is there. @returns its size in bytes. @throws MillpondError `ERR_OUTPUT_WRITE` */
  commit(): number;
  /** Removes what was written. Harmless after {@link commit}. */
  discard(): void;
}

/** @throws MillpondError `ERR_OUTPUT_WRITE` when the folder is missing, full or not writable */
export function createOutput(path: string): OutputFile {
  const place = resolve(path);
  const aside = join(dirname(place), asideName(basename(place)));
  let pending = true;
  attempt(path, () => closeSync(openSync(aside, 'wx')));
  return {
    aside,
    commit() {
      const bytes = attempt(path, () => {
        const { size } = statSync(aside);
        renameSync(aside, place);
        return size;
      });
      pending = false;
      return bytes;
    },
    discard() {
      if (pending) rmSync(aside, { force: true });
      pending = false;
    },
  };
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

/** A file as a source. Owns the descriptor; whoever opened it disposes of it, or passes it on. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { jsonText } from '../../text/escaping.ts';
import type { Source, SourceChange } from './source.ts';

/** An audio file that messages call by another name than its path. */
export interface NamedFile {
  readonly path: string;
  readonly name: string;
}

/** @throws MillpondError `ERR_AUDIO_OPEN` where the path is no regular file, or may not be read */
export function openFileSource({ path, name }: NamedFile): Source {
  const { fd, status } = openRegularFile(path, name);
  const size = Number(status.size);
  return {
    name,
    size,
    end: size,
    bytes: { kind: 'file', fd },
    // A file may name any place of 64 bits; Node refuses those that a number cannot hold.
    read: (target, position) =>
      position > Number.MAX_SAFE_INTEGER ? 0 : readSync(fd, target, 0, target.length, position),
    change: () => changeOf(status, fstatSync(fd, { bigint: true })),
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function changeOf(then: BigIntStats, now: BigIntStats): SourceChange | null {
  if (now.size < then.size) return 'shorter';
  return now.size === then.size && now.mtimeNs === then.mtimeNs ? null : 'written';
}

/** Nothing is wrong with the file then. */
export const MORE_OPEN_FILES = 'Let more files be open at once, as by ulimit -n, or work with fewer threads.';

function remedyOf({ code }: NodeJS.ErrnoException): string {
  return code === 'EMFILE' || code === 'ENFILE' ? MORE_OPEN_FILES : 'Check the path and its permissions.';
}

function openRegularFile(path: string, name: string): { fd: number; status: BigIntStats } {
  let fd: number;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer for ever.
    fd = openSync(systemPath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new MillpondError(
      'ERR_AUDIO_OPEN',
      `An input is a readable file, got ${jsonText(name)}: ${(error as Error).message}. ${remedyOf(error as Error)}`,
      { cause: error },
    );
  }
  const status = fstatSync(fd, { bigint: true });
  if (status.isFile()) return { fd, status };
  closeSync(fd);
  throw new MillpondError(
    'ERR_AUDIO_OPEN',
    `An input is a regular file, got ${jsonText(name)}, which is a folder, a pipe or a device. Name a file.`,
  );
}

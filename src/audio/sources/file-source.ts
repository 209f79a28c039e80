/** A file as a source. Owns the descriptor; whoever opened it disposes of it, or passes it on. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { jsonText } from '../../text/escaping.ts';
import type { Source } from './source.ts';

/** @throws MillpondError `ERR_AUDIO_OPEN` where the path is no regular file, or may not be read */
export function openFileSource(path: string): Source {
  const { fd, size } = openRegularFile(path);
  return {
    name: path,
    size,
    bytes: { kind: 'file', fd },
    read: (target, position) => readSync(fd, target, 0, target.length, position),
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function openRegularFile(path: string): { fd: number; size: number } {
  let fd: number;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer for ever.
    fd = openSync(systemPath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new MillpondError(
      'ERR_AUDIO_OPEN',
      `An input is a readable file, got ${jsonText(path)}: ${(error as Error).message}. Check the path and its permissions.`,
      { cause: error },
    );
  }
  const status = fstatSync(fd);
  if (status.isFile()) return { fd, size: status.size };
  closeSync(fd);
  throw new MillpondError(
    'ERR_AUDIO_OPEN',
    `An input is a regular file, got ${jsonText(path)}, which is a folder, a pipe or a device. Name a file.`,
  );
}

/**
 * A file that somebody else has as a sink: it is there already, keeps its place, and is read by whoever has
 * it once the task has ended. Owned by one task. Invariant: of what failed, and of an earlier try, nothing is
 * in it.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { identityOf } from '../../files/unnamed-file.ts';
import { writeAll } from '../../files/whole-file.ts';
import { escaped, jsonText } from '../../text/escaping.ts';
import { type NamedFile, openFileSource } from '../sources/file-source.ts';
import type { MadeSink } from './create-sink.ts';

/** A file that is there, with a name for messages. */
export interface GivenFile extends NamedFile {
  /**
   * As {@link identityOf} has it. A path by the number of an open file may come to lead to another one, once
   * whoever had it open has closed it, because nobody waits for the task any more.
   */
  readonly identity: string;
}

/** @throws MillpondError `ERR_OUTPUT_WRITE`, from `write` too */
export function createGivenSink(output: GivenFile): MadeSink {
  const { name } = output;
  const fd = openGiven(output);
  // File systems bring a file onto the disk that was cut to nothing: ext4 does so when it is closed, and
  // whoever removes it waits for that. FFmpeg would cut it, too, so it writes by callbacks.
  if (fstatSync(fd).size > 0) ftruncateSync(fd);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  const discard = (): void => {
    if (isOpen) ftruncateSync(fd);
    close();
  };
  return {
    name,
    bytes: { kind: 'memory' },
    size: () => fstatSync(fd).size,
    write(bytes, position) {
      try {
        writeAll(fd, bytes, position);
      } catch (cause) {
        throw unwritable(name, cause);
      }
    },
    written: () => openFileSource(output),
    commit() {
      const { size } = fstatSync(fd);
      close();
      return size;
    },
    take: () => ({ leases: null, file: null }),
    discard,
    [Symbol.dispose]: discard,
  };
}

/** @returns its descriptor. @throws MillpondError `ERR_OUTPUT_WRITE` where it is another, too */
export function openGiven({ path, name, identity }: GivenFile): number {
  let fd: number;
  try {
    fd = openSync(systemPath(path), constants.O_RDWR);
  } catch (cause) {
    throw unwritable(name, cause);
  }
  if (identityOf(fd) === identity) return fd;
  closeSync(fd);
  throw unwritable(name, new Error('it is another file by now'));
}

export function unwritable(name: string, cause: unknown): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `An output is a file that is there and can be written, got ${jsonText(name)}: ${escaped((cause as Error).message)}. Free some space.`,
    { cause },
  );
}

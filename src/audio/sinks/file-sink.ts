/** A file as a sink: written under a hidden name beside its place, and put there when it is committed. */
import type { FileTimes } from '../../files/times.ts';
import { createOutput } from '../../files/whole-file.ts';
import { openFileSource } from '../sources/file-source.ts';
import type { Sink } from './sink.ts';

/** Where an output goes, and what becomes of what is there. */
export interface OutputAtPath {
  /** In a folder that exists. */
  readonly path: string;
  /**
   * Whether the output replaces what has its name. Default true. Otherwise the task ends with
   * `ERR_OUTPUT_EXISTS`: before anything is written where something is there, and without replacing what
   * another one puts there meanwhile.
   */
  readonly overwrite?: boolean;
}

/**
 * @param times that the file has in its place; of the moment, where there are none
 * @throws MillpondError `ERR_OUTPUT_WRITE` when the folder is missing, full or not writable;
 * `ERR_OUTPUT_EXISTS`
 */
export function createFileSink({ path, overwrite }: OutputAtPath, times?: FileTimes): Sink {
  const output = createOutput(path, overwrite);
  const discard = () => output.discard();
  return {
    name: path,
    bytes: { kind: 'file', handle: output.handle },
    size: () => output.size(),
    write: (bytes, position) => output.write(bytes, position),
    written: () => openFileSource({ path: output.aside, name: path }),
    commit() {
      if (times !== undefined) output.setTimes(times);
      return output.commit();
    },
    discard,
    [Symbol.dispose]: discard,
  };
}
